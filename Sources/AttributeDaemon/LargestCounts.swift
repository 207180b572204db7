import HeapModule

/// The largest of many counts by user, so that a list of them has a bound.
enum LargestCounts {
    private struct Entry: Comparable {
        let count: Int
        let uid: UInt32
        static func < (left: Entry, right: Entry) -> Bool {
            (left.count, right.uid) < (right.count, left.uid)
        }
    }

    /// The largest counts, by uid. Of equal ones the lower uid goes first.
    static func list(of counts: [UInt32: Int], most: Int) -> [(uid: UInt32, count: Int)] {
        var largest = Heap<Entry>()
        for (uid, count) in counts {
            let entry = Entry(count: count, uid: uid)
            if largest.count < most {
                largest.insert(entry)
            } else if let least = largest.min, least < entry {
                largest.replaceMin(with: entry)
            }
        }
        return largest.unordered.sorted { $0.uid < $1.uid }.map { (uid: $0.uid, count: $0.count) }
    }
}
