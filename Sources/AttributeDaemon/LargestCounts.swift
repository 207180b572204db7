/// The largest of many counts by user, so that a list of them has a bound.
enum LargestCounts {
    /// The largest counts, by uid. Of equal ones the lower uid goes first.
    static func list(of counts: some Sequence<(UInt32, Int)>, most: Int) -> [(uid: UInt32, count: Int)] {
        var largest: [(uid: UInt32, count: Int)] = []
        for (uid, count) in counts {
            largest.append((uid, count))
            // Sorted once for every `most` of them.
            if largest.count == 2 * most { keep(most, of: &largest) }
        }
        keep(most, of: &largest)
        return largest.sorted { $0.uid < $1.uid }
    }

    private static func keep(_ most: Int, of counts: inout [(uid: UInt32, count: Int)]) {
        counts.sort { ($1.count, $0.uid) < ($0.count, $1.uid) }
        if counts.count > most { counts.removeSubrange(most...) }
    }
}
