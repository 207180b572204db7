/// Names one upstream call for as long as it lasts.
public struct CallKey: Hashable, Sendable, CustomStringConvertible {
    /// Counts from 1 while the process runs.
    public let number: UInt64

    /// Names the call of this number.
    public init(number: UInt64) { self.number = number }

    /// Distinguishes the calls of this process from those of earlier ones in the log.
    private static let processName = String(UInt32.random(in: .min ... .max), radix: 36)

    /// The name in the log and in `callId`.
    public var description: String { "\(Self.processName)-\(number)" }
}

/// Which connection a call goes on.
public enum ConnectionChoice: Hashable, Sendable {
    /// An idle one if there is one, else a new one.
    case any
    /// A new one: what was lost or timed out on an idle connection says nothing about the upstream until it is repeated there.
    case new
}

/// How a call ended.
public struct CallEnd: Sendable {
    /// What is known about whether the server has counted the call.
    public enum Counted: Hashable, Sendable {
        /// It was answered from behind the counter; the answer's head arrived at this moment.
        case answered(at: Moment)
        /// The server may have counted it, but not after this moment, at which its connection was closed.
        case unknown(closedAt: Moment)
        /// No byte of it was sent.
        case neverSent
    }

    /// What is known about whether the server has counted it.
    public var counted: Counted
    /// What upstream said, or why that is not known.
    public var result: Result<CallAnswer, CallFailure>

    /// Describes an end.
    public init(counted: Counted, result: Result<CallAnswer, CallFailure>) {
        self.counted = counted
        self.result = result
    }

    /// Has all failures of the call say which number was in its query.
    public mutating func note(random: UInt32) {
        switch result {
        case .failure(var failure):
            failure.random = random
            result = .failure(failure)
        case .success(var answer):
            if answer.unusable.isEmpty { return }
            for place in answer.unusable.keys { answer.unusable[place]?.random = random }
            result = .success(answer)
        }
    }

    /// The failure, if it is one.
    public var failure: CallFailure? {
        guard case .failure(let failure) = result else { return nil }
        return failure
    }
}

/// What an answer says about the accounts of its call.
public struct CallAnswer: Sendable {
    /// By place in the call: the attributes, or nothing.
    public var results: AccountResults
    /// By place in the call: why an account's own entry cannot be used. These accounts have no attributes in ``results``.
    public var unusable: [Int: CallFailure]
    /// Whether upstream knows nothing about the accounts without an entry. It is false when an entry cannot be attributed or belongs to
    /// an account that the call did not ask for: one of the accounts without an entry may be the one meant.
    public var isComplete: Bool
    /// Entries for accounts that the call did not ask for.
    public var unrequested: Int

    /// Describes an answer.
    public init(
        results: AccountResults, unusable: [Int: CallFailure] = [:], isComplete: Bool = true, unrequested: Int = 0
    ) {
        self.results = results
        self.unusable = unusable
        self.isComplete = isComplete
        self.unrequested = unrequested
    }
}
