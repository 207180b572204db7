import IMAttrClient

/// A block while it is being asked for: what has been answered of it, and what has still to be asked for.
struct OpenBlock {
    /// How often an account is asked for that may be answered later while others are answered.
    static let attempts = 3
    /// The pause after the first of these, doubled with each.
    static let firstPause: Duration = .seconds(1)

    private let block: Block
    /// The accounts that are to be asked for, in the block's order.
    private(set) var open: [Account]
    private var result = GetAttrsResult()
    private var refusals: [Account: Refusal] = [:]
    private var failures: [Account: Int] = [:]

    init(_ block: Block) {
        self.block = block
        open = block.accounts
    }

    /// The answers, once nothing is open.
    var answered: AnsweredBlock { AnsweredBlock(block, result, refusals: refusals) }

    /// Takes an answer to all that was open.
    ///
    /// - Returns: How long to wait before asking for what is still open; nil if nothing is.
    /// - Throws: A failure that no account is the cause of and only an administrator can end.
    mutating func take(_ answer: PartialAnswer) throws(IMAttrError) -> Duration? {
        result.userAttrs += answer.result.userAttrs
        result.missing += answer.result.missing
        result.errorList += answer.result.errorList
        var answered = Set(answer.result.userAttrs.map(\.account) + answer.result.missing)
        var pause: Duration = .zero
        for refusal in answer.failed {
            switch refusal.meaning {
            case .serviceRefused: throw .refused(refusal.error)
            case .final: settle(refusal, &answered)
            case .later: pause = max(pause, Self.pause(refusal, least: Patience.shortestPause))
            case .perhapsLater:
                let failures = failures[refusal.account, default: 0] + 1
                self.failures[refusal.account] = failures
                if failures >= Self.attempts {
                    settle(refusal, &answered)
                } else {
                    pause = max(pause, Self.pause(refusal, least: Self.firstPause * (1 << (failures - 1))))
                }
            }
        }
        open.removeAll { answered.contains($0) }
        return open.isEmpty ? nil : pause
    }

    /// Takes the error to a request for all that was open.
    ///
    /// - Throws: The error, if it names no account that is open.
    mutating func take(_ error: IMAttrError) throws(IMAttrError) -> Duration? {
        let answer = try PartialAnswer(error)
        guard answer.failed.contains(where: { open.contains($0.account) }) else { throw error }
        return try take(answer)
    }

    /// Takes an error that may pass. One about no account in particular leaves all of them open.
    mutating func take(temporary error: IMAttrError) -> Duration? {
        do throws(IMAttrError) {
            return try take(error)
        } catch {
            return .zero
        }
    }

    private mutating func settle(_ refusal: Refusal, _ answered: inout Set<Account>) {
        refusals[refusal.account] = refusal
        answered.insert(refusal.account)
    }

    private static func pause(_ refusal: Refusal, least: Duration) -> Duration {
        max(.milliseconds(refusal.retryAfterMs ?? 0), least)
    }
}
