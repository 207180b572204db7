import AttributeValues

/// Which accounts a rule allows: some whole names, and all that begin with certain bytes.
///
/// Everything is compared as bytes, as accounts are: two texts that look alike may name two users.
public struct AccountPatterns: Hashable, Sendable {
    /// Why a text is no pattern: what follows it in a sentence.
    public struct Fault: Error, Hashable, Sendable {
        /// The reason, with what is allowed.
        public let reason: String
    }

    /// How many patterns a rule may have.
    public static let most = 1000

    /// The patterns as they were written.
    public let texts: [String]
    private var names: Set<Account> = []
    /// Ascending, and none begins with another: so the greatest that is not above an account's bytes is the only one that these can
    /// begin with.
    private var prefixes: [[UInt8]] = []

    /// Reads patterns: an account, or a prefix with a final `*`. `\*` is the character.
    public init(_ texts: [String]) throws(Fault) {
        self.texts = texts
        var prefixes: [[UInt8]] = []
        for text in texts {
            let (bytes, isPrefix) = try Self.read(text)
            if isPrefix {
                prefixes.append(bytes)
            } else {
                names.insert(Account(String(decoding: bytes, as: UTF8.self)))
            }
        }
        for prefix in prefixes.sorted(by: { $0.lexicographicallyPrecedes($1) })
        where !(self.prefixes.last.map(prefix.starts(with:)) ?? false) {
            self.prefixes.append(prefix)
        }
    }

    private static func read(_ text: String) throws(Fault) -> (bytes: [UInt8], isPrefix: Bool) {
        let (star, backslash) = (UInt8(ascii: "*"), UInt8(ascii: "\\"))
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        var isPrefix = false
        while let byte = rest.popFirst() {
            if byte == backslash, rest.first == star {
                bytes.append(star)
                rest.removeFirst()
            } else if byte == star {
                guard rest.isEmpty else {
                    throw Fault(reason: "* may only be the last character; \\* is the character")
                }
                isPrefix = true
            } else {
                bytes.append(byte)
            }
        }
        let allowed = (isPrefix ? 0 : Account.allowedLength.lowerBound)...Account.allowedLength.upperBound
        guard allowed.contains(bytes.count) else {
            throw Fault(
                reason:
                    "an account has \(Account.allowedLength.lowerBound) to \(Account.allowedLength.upperBound) bytes")
        }
        return (bytes, isPrefix)
    }

    /// Whether an account is among them. Takes a logarithm of the number of patterns.
    public func contains(_ account: Account) -> Bool {
        if names.contains(account) { return true }
        if prefixes.isEmpty { return false }
        var (low, high) = (0, prefixes.count)
        while low < high {
            let middle = (low + high) / 2
            if account.utf8.lexicographicallyPrecedes(prefixes[middle]) { high = middle } else { low = middle + 1 }
        }
        return low > 0 && account.utf8.starts(with: prefixes[low - 1])
    }
}
