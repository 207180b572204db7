import AttributeValues

/// Answers that are kept for callers who accept somewhat older ones: bounded in bytes, the least recently used out first.
struct AnswerCache: Sendable {
    /// No answer is held for longer.
    static let maximumAge: Duration = .seconds(3600)
    /// What an answer takes beyond the bytes of its texts, about.
    private static let overhead = 160

    private struct Entry {
        let account: Account
        let answer: AccountResult
        /// When the call that fetched it left: the answer may be as old as that.
        let asOf: Moment
        /// Bytes that it takes, so that the texts of what goes out need not be looked at.
        let size: Int
        var newer: Int
        var older: Int
    }

    /// Bytes that may be held; 0 holds nothing.
    var capacity: Int {
        didSet { shrink() }
    }
    /// Bytes that are held.
    private(set) var bytes = 0
    private var places: [Account: Int] = [:]
    /// A ring of entries through `newer` and `older`; place 0 is its fixed point.
    private var entries: [Entry]
    private var vacant: [Int] = []

    init(capacity: Int) {
        self.capacity = capacity
        entries = [Entry(account: "", answer: .missing, asOf: Moment(nanoseconds: 0), size: 0, newer: 0, older: 0)]
    }

    /// Answers that are held.
    var count: Int { places.count }

    /// An answer that is at most `maxAge` old at `now`.
    mutating func answer(for account: Account, maxAge: Duration, now: Moment) -> AccountResult? {
        guard let place = places[account] else { return nil }
        let age = now - entries[place].asOf
        if age > Self.maximumAge {
            remove(place)
            return nil
        }
        guard age <= maxAge else { return nil }
        unlink(place)
        linkAsNewest(place)
        return entries[place].answer
    }

    mutating func hold(_ answer: AccountResult, for account: Account, asOf moment: Moment) {
        guard capacity > 0 else { return }
        let size = Self.size(of: answer, for: account)
        let entry = Entry(account: account, answer: answer, asOf: moment, size: size, newer: 0, older: 0)
        if let place = places[account] {
            // A call that left earlier can be answered later; what is newer stays.
            if entries[place].asOf > moment { return }
            guard size <= capacity else { return remove(place) }
            unlink(place)
            bytes += size - entries[place].size
            entries[place] = entry
            linkAsNewest(place)
        } else if size <= capacity {
            let place = vacant.popLast() ?? entries.count
            if place == entries.count { entries.append(entry) } else { entries[place] = entry }
            places[account] = place
            bytes += size
            linkAsNewest(place)
        }
        shrink()
    }

    private mutating func shrink() {
        while bytes > capacity, entries[0].newer != 0 { remove(entries[0].newer) }
    }

    private mutating func remove(_ place: Int) {
        unlink(place)
        bytes -= entries[place].size
        places[entries[place].account] = nil
        entries[place] = entries[0]
        vacant.append(place)
    }

    /// Place 0's `older` is the newest entry, its `newer` the oldest.
    private mutating func linkAsNewest(_ place: Int) {
        let newest = entries[0].older
        entries[place].older = newest
        entries[place].newer = 0
        entries[newest].newer = place
        entries[0].older = place
    }

    private mutating func unlink(_ place: Int) {
        let (newer, older) = (entries[place].newer, entries[place].older)
        entries[newer].older = older
        entries[older].newer = newer
    }

    private static func size(of answer: AccountResult, for account: Account) -> Int {
        overhead + account.utf8.count + (answer.attrs?.json.count ?? 0) + (answer.errorListEntry?.count ?? 0)
    }
}
