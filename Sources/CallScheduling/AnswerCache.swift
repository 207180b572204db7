import AttributeValues

/// Answers that are kept for callers who accept somewhat older ones, bounded in bytes.
///
/// They are of two generations. An answer that comes or is used goes into the younger one; when that has taken half of the bytes, the
/// older one is dropped as a whole, and the younger one becomes the older. So what has not been used for long goes first, and no answer
/// is allocated, freed or looked for by itself to make room.
struct AnswerCache: Sendable {
    /// No answer is held for longer.
    static let maximumAge: Duration = .seconds(3600)

    /// Bytes that may be held; 0 holds nothing. A smaller number begins anew.
    var capacity: Int {
        didSet {
            if capacity < oldValue { (younger, older) = (Generation(), Generation()) }
        }
    }
    private var younger = Generation()
    private var older = Generation()

    init(capacity: Int) { self.capacity = capacity }

    /// Answers that are held.
    var count: Int { younger.count + older.count }

    /// Bytes that they take.
    var bytes: Int { younger.bytes + older.bytes }

    /// Adds an answer that is at most `maxAge` old at `now` to others, if there is one.
    /// - Returns: Whether there is.
    mutating func appendAnswer(
        to answers: inout AccountResults, for account: Account, maxAge: Duration, now: Moment
    ) -> Bool {
        if let place = younger.place(of: account) {
            guard younger.isRecent(place, maxAge, now) else { return false }
            younger.appendAnswer(at: place, to: &answers)
            return true
        }
        guard let place = older.place(of: account), older.isRecent(place, maxAge, now) else { return false }
        older.appendAnswer(at: place, to: &answers)
        let moment = older.asOf(place)
        older.remove(account, at: place)
        add(answers, at: answers.count - 1, for: account, asOf: moment)
        return true
    }

    /// Begins to fetch what will be looked at for an account of this hash.
    func prefetch(_ hash: UInt32) {
        younger.prefetch(hash)
        older.prefetch(hash)
    }

    /// Holds an answer, unless it is very large or a newer one is held.
    /// - Parameters:
    ///   - number: The answer's place among all of its call.
    ///   - moment: When that call left: the answer may be as old as that.
    mutating func hold(_ answers: AccountResults, at number: Int, for account: Account, asOf moment: Moment) {
        guard capacity > 0 else { return }
        if let place = younger.place(of: account) {
            // A call that left earlier can be answered later; what is newer stays.
            if younger.asOf(place) > moment || younger.replace(at: place, answers, at: number, asOf: moment) { return }
            younger.remove(account, at: place)
        } else if let place = older.place(of: account) {
            if older.asOf(place) > moment { return }
            older.remove(account, at: place)
        }
        add(answers, at: number, for: account, asOf: moment)
    }

    private mutating func add(
        _ answers: AccountResults, at number: Int, for account: Account, asOf moment: Moment
    ) {
        let size = Generation.size(of: answers, at: number, for: account)
        guard size <= capacity / 2 else { return }
        if younger.bytes + size > capacity / 2 {
            swap(&younger, &older)
            younger.removeAll()
        }
        younger.add(answers, at: number, for: account, asOf: moment)
    }
}

/// Answers that are dropped together.
private struct Generation: Sendable {
    private struct Entry {
        /// Where its texts are: the account's name, the attributes and the entry of `ErrorList`, one after the other.
        let offset: Int
        let name: Int32
        /// Bytes of the attributes; -1 if there are none.
        var attrs: Int32
        /// Bytes of the entry of `ErrorList`; -1 if there is none.
        var errorListEntry: Int32
        /// Bytes that both may take.
        let room: Int32
        /// When the call that fetched it left.
        var asOf: Moment

        static let none: Int32 = -1
    }

    private var index = HashIndex()
    private var entries: [Entry] = []
    private var texts: [UInt8] = []

    /// What an answer takes beyond its texts: its entry and its part of the index, about.
    private static let overhead = 64

    static func size(of answers: AccountResults, at number: Int, for account: Account) -> Int {
        overhead + account.utf8.count + (answers.attrsCount(at: number) ?? 0)
            + (answers.errorListEntry(at: number)?.count ?? 0)
    }

    /// Those that were replaced or used again since are not counted here, but take bytes until all are dropped.
    var count: Int { index.count }

    var bytes: Int { texts.count + entries.count * Self.overhead }

    func prefetch(_ hash: UInt32) { index.prefetch(hash) }

    func place(of account: Account) -> Int? {
        index.place(of: account.bytesHash) { place in
            let (offset, count) = (entries[place].offset, Int(entries[place].name))
            return account.hasUTF8(texts.span.extracting(offset..<offset + count))
        }
    }

    func asOf(_ place: Int) -> Moment { entries[place].asOf }

    func isRecent(_ place: Int, _ maxAge: Duration, _ now: Moment) -> Bool {
        now - entries[place].asOf <= min(maxAge, AnswerCache.maximumAge)
    }

    func appendAnswer(at place: Int, to answers: inout AccountResults) {
        let entry = entries[place]
        let attrs = entry.offset + Int(entry.name)
        let end = attrs + Int(max(entry.attrs, 0))
        let errorListEntry = entry.errorListEntry < 0 ? nil : Array(texts[end..<end + Int(entry.errorListEntry)])
        answers.append(
            attrs: entry.attrs < 0 ? nil : texts.span.extracting(attrs..<end), errorListEntry: errorListEntry)
    }

    mutating func add(_ answers: AccountResults, at number: Int, for account: Account, asOf moment: Moment) {
        index.insert(account.bytesHash, at: entries.count)
        let (attrs, errorListEntry) = Self.counts(answers, at: number)
        let name = account.utf8
        entries.append(
            Entry(
                offset: texts.count, name: Int32(name.count), attrs: attrs, errorListEntry: errorListEntry,
                room: max(attrs, 0) + max(errorListEntry, 0), asOf: moment))
        texts.append(contentsOf: name)
        answers.appendAttrs(at: number, to: &texts)
        if let entry = answers.errorListEntry(at: number) { texts.append(contentsOf: entry) }
    }

    private static func counts(_ answers: AccountResults, at number: Int) -> (attrs: Int32, errorListEntry: Int32) {
        (
            answers.attrsCount(at: number).map(Int32.init) ?? Entry.none,
            answers.errorListEntry(at: number).map { Int32($0.count) } ?? Entry.none
        )
    }

    /// Puts an answer in the place of the last one for the same account, if there is room: else those that are asked for again and
    /// again would take the place of all others.
    mutating func replace(at place: Int, _ answers: AccountResults, at number: Int, asOf moment: Moment) -> Bool {
        let (attrs, errorListEntry) = Self.counts(answers, at: number)
        guard max(attrs, 0) + max(errorListEntry, 0) <= entries[place].room else { return false }
        (entries[place].attrs, entries[place].errorListEntry, entries[place].asOf) = (attrs, errorListEntry, moment)
        var offset = entries[place].offset + Int(entries[place].name)
        answers.withAttrs(at: number) { offset = write($0, at: offset) }
        if let entry = answers.errorListEntry(at: number) { offset = write(entry.span, at: offset) }
        return true
    }

    private mutating func write(_ text: borrowing Span<UInt8>, at offset: Int) -> Int {
        let end = offset + text.count
        text.withUnsafeBytes { text in
            texts.withUnsafeMutableBytes { texts in
                UnsafeMutableRawBufferPointer(rebasing: texts[offset..<end]).copyMemory(from: text)
            }
        }
        return end
    }

    mutating func remove(_ account: Account, at place: Int) { index.remove(account.bytesHash, at: place) }

    /// Drops all, and keeps the memory for those that come.
    mutating func removeAll() {
        index.removeAll()
        entries.removeAll(keepingCapacity: true)
        texts.removeAll(keepingCapacity: true)
    }
}
