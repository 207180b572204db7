/// What upstream said of several accounts, in the order in which they were asked for.
///
/// One value for all of them: a list of results would have each text counted and freed by itself, at every step on the way of an answer.
public struct AccountResults: Sendable {
    /// The attributes, and what is between them.
    @usableFromInline var texts: [UInt8] = []
    /// By place, where in the texts an account's are; nil if upstream did not answer for it.
    @usableFromInline var attrs: [Range<Int>?] = []
    /// By place.
    private var errorListEntries: [Int: [UInt8]] = [:]

    /// No results.
    public init() {}

    /// Results whose texts are together already.
    /// - Parameters:
    ///   - texts: JSON objects on one line each, with anything between them.
    ///   - attrs: Where in them each account's attributes are, in order; nil for those that upstream did not answer for.
    ///   - errorListEntries: By place, upstream's entries in `ErrorList`, each the JSON text of an object on one line.
    public init(texts: [UInt8], attrs: [Range<Int>?], errorListEntries: [Int: [UInt8]]) {
        self.texts = texts
        self.attrs = attrs
        self.errorListEntries = errorListEntries
    }

    /// Copies results together.
    public init(_ results: some Sequence<AccountResult>) {
        for result in results { append(attrs: result.attrs?.json.span, errorListEntry: result.errorListEntry) }
    }

    /// Adds a result, as ``AccountResult`` describes it.
    public mutating func append(attrs text: Span<UInt8>?, errorListEntry: [UInt8]?) {
        if let errorListEntry { errorListEntries[attrs.count] = errorListEntry }
        guard let text else { return attrs.append(nil) }
        let start = texts.count
        // A span has no safe way to append all of it at once.
        unsafe text.withUnsafeBufferPointer { unsafe texts.append(contentsOf: $0) }
        attrs.append(start..<texts.count)
    }

    // MARK: One account's, without a copy

    /// Bytes of an account's attributes; nil if upstream did not answer for it, or the place is beyond the last one.
    @inlinable public func attrsCount(at place: Int) -> Int? { place < attrs.count ? attrs[place]?.count : nil }

    /// Gives an account's attributes where they are; not called if there are none.
    @inlinable public func withAttrs<Result>(at place: Int, _ body: (borrowing Span<UInt8>) -> Result) -> Result? {
        guard place < attrs.count, let range = attrs[place] else { return nil }
        return body(texts.span.extracting(range))
    }

    /// Appends an account's attributes to other bytes, if there are any.
    @inlinable public func appendAttrs(at place: Int, to other: inout [UInt8]) {
        if place < attrs.count, let range = attrs[place] { other += texts[range] }
    }

    /// Upstream's entry for an account in `ErrorList`.
    public func errorListEntry(at place: Int) -> [UInt8]? { errorListEntries.isEmpty ? nil : errorListEntries[place] }

    /// Whether upstream said anything about an account.
    public func hasEntry(at place: Int) -> Bool { attrsCount(at: place) != nil || errorListEntry(at: place) != nil }

    /// Whether there is such an entry for any.
    public var hasErrorListEntries: Bool { !errorListEntries.isEmpty }

    /// Bytes of all attributes.
    public var attrsCount: Int { attrs.reduce(0) { $0 + ($1?.count ?? 0) } }

    /// An account's attributes with the texts in which they are, for one who keeps all instead of a copy.
    public func attrsInTexts(at place: Int) -> (texts: [UInt8], range: Range<Int>)? {
        place < attrs.count ? attrs[place].map { (texts, $0) } : nil
    }
}

extension AccountResults: RandomAccessCollection {
    /// The first account's place.
    public var startIndex: Int { 0 }
    /// How many accounts there are.
    public var endIndex: Int { attrs.count }

    /// One account's result, copied.
    public subscript(place: Int) -> AccountResult {
        AccountResult(
            attrs: attrs[place].map { Attrs(json: Array(texts[$0])) },
            errorListEntry: errorListEntry(at: place))
    }
}

/// What upstream said of one account in a call that it answered with OK.
public struct AccountResult: Hashable, Sendable {
    /// The attributes; nil if upstream did not answer for this account.
    public var attrs: Attrs?
    /// Upstream's entry for it in `ErrorList`, as the JSON text of an object on one line.
    public var errorListEntry: [UInt8]?

    /// Describes an answer.
    public init(attrs: Attrs? = nil, errorListEntry: [UInt8]? = nil) {
        self.attrs = attrs
        self.errorListEntry = errorListEntry
    }

    /// Upstream said nothing of the account.
    public static let missing = AccountResult()
}

/// The attributes of one user as upstream wrote them: a JSON object whose tokens are untouched.
///
/// Numbers keep their digits, members their order and their duplicates; only the white space between tokens is gone,
/// so that the object fits on a line.
public struct Attrs: Hashable, Sendable {
    /// The object's JSON text on one line.
    public let json: [UInt8]

    /// Wraps the text of a JSON object on one line.
    public init(json: [UInt8]) { self.json = json }
}
