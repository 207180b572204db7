/// The memory that the configured bounds can add up to.
struct MemoryBudget: Hashable, Sendable {
    /// Bytes of a daemon that is idle: code, libraries, the trust roots of TLS.
    static let base = 16 << 20
    /// Bytes that a waiting account takes at most, with its part of the request.
    static let perWaitingAccount = 1024

    /// Bytes in all.
    let bytes: Int

    /// - Parameters:
    ///   - maxBufferedBytes: Bounds answers that are not written, and as many bytes of lines that are not complete.
    ///   - cacheMaxBytes: Bytes of held answers.
    ///   - maxQueuedAccounts: Waiting accounts.
    init(maxBufferedBytes: Int, cacheMaxBytes: Int, maxQueuedAccounts: Int) {
        // The keys' ranges keep the sum far from overflow.
        bytes = Self.base + 2 * maxBufferedBytes + cacheMaxBytes + maxQueuedAccounts * Self.perWaitingAccount
    }

    /// The sum and the limit, on one line.
    func summary(_ limit: MemoryLimit?) -> String {
        let bound = limit.map { "the limit is \(Self.mebibytes($0.bytes)) (\($0.origin))" } ?? "there is no limit"
        return "memory: the bounds add up to \(Self.mebibytes(bytes)), and \(bound)"
    }

    /// Why the bounds do not fit into the limit, on one line; nil if they do.
    func shortage(_ limit: MemoryLimit?) -> String? {
        guard let limit, limit.bytes < bytes else { return nil }
        return """
            too little memory: maxBufferedBytes (twice), cacheMaxBytes and maxQueuedAccounts (\
            \(Self.perWaitingAccount) bytes each) can add up to \(Self.mebibytes(bytes)), and \(limit.origin) is \
            \(Self.mebibytes(limit.bytes)); lower them, or raise MemoryMax= and MemoryHigh=
            """
    }

    private static func mebibytes(_ bytes: Int) -> String { "\((bytes + (1 << 20) - 1) >> 20) MiB" }
}
