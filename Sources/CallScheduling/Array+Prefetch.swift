import CPrefetch

extension Array {
    /// Begins to fetch an element's memory, for as many as are looked at soon one after the other: then one does not wait for the
    /// other's. Nothing happens if there is no such element.
    ///
    /// Of a million accounts, none is in the processor's caches, and to wait for each at each step is most of what it costs.
    @inline(__always)
    func prefetch(_ index: Int) {
        withUnsafeBufferPointer { elements in
            guard elements.indices.contains(index), let first = elements.baseAddress else { return }
            imattrd_prefetch(first + index, MemoryLayout<Element>.size)
        }
    }
}
