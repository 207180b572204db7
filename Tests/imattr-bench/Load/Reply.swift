import FoundationEssentials
import NIOCore

/// What became of a question.
enum Reply: Sendable, Equatable {
    /// Exactly the accounts asked for, each with its own attributes.
    case right
    /// A result that is not the right one, or no JSON-RPC answer at all.
    case wrong
    /// An error.
    case refused(Refusal)
    /// The connection ended without an answer.
    case lost

    struct Refusal: Sendable, Equatable, Decodable {
        var code: Int
        var data: Details

        struct Details: Sendable, Equatable, Decodable {
            var retryable: Bool
            var retryAfterMs: Int?
        }
    }

    /// The id in an answer: all the answers here have numbers for ids, after the same beginning.
    static func id(of line: ByteBuffer) -> Int? {
        let beginning = #"{"jsonrpc":"2.0","id":"#.utf8
        guard line.readableBytesView.starts(with: beginning) else { return nil }
        let digits = line.readableBytesView.dropFirst(beginning.count).prefix { $0 != UInt8(ascii: ",") }
        return Int(String(decoding: digits, as: UTF8.self))
    }

    /// What `line` is for a question that was asked with `id`.
    init(_ line: ByteBuffer, to question: Question, id: Int) {
        if question.isAnswered(by: line, id: id) {
            self = .right
        } else if let answer = try? JSONDecoder().decode(ErrorAnswer.self, from: Data(line.readableBytesView)) {
            self = .refused(answer.error)
        } else {
            self = .wrong
        }
    }

    private struct ErrorAnswer: Decodable {
        var error: Refusal
    }
}
