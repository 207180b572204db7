import JSONTokens
import UserSig

/// Answers lines: the one place where a UserSig is made. A value without input or output; time is an argument.
///
/// There is at most one new UserSig in ``pause``. A client that asks more often gets the current one. So a daemon that restarts in a
/// loop is served, and no client can collect many.
struct SigningDesk: Sendable {
    /// The least time between two UserSigs.
    static let pause: Duration = .seconds(10)

    /// What UserSigs are made with and for.
    struct Credential: Sendable {
        let signer: UserSigSigner
        /// The only name that is ever signed for.
        let admin: String
        /// Seconds that a UserSig is valid.
        let lifetime: Int64
    }

    /// A moment on two clocks.
    struct Time: Hashable, Sendable {
        /// Seconds since 1970.
        var wall: Int64
        /// Since the machine was started, sleep included; never steps.
        var sinceBoot: Duration
    }

    private enum State {
        /// There is nothing to sign with, for these reasons.
        case misconfigured([String])
        case ready(Credential, Issued?)
    }

    private struct Issued {
        let signature: UserSig
        let at: Time
    }

    private var state: State
    /// UserSigs made so far.
    private(set) var issued = 0

    /// - Parameter credential: Or what is wrong with it, in lines for a person.
    init(_ credential: Result<Credential, SignerProblems>) {
        state =
            switch credential {
            case .success(let credential): .ready(credential, nil)
            case .failure(let problems): .misconfigured(problems.lines)
            }
    }

    /// The answer to a line, with its end.
    mutating func answer(to line: LineReader.Line, at now: Time) -> [UInt8] {
        switch line {
        case .tooLong:
            return Self.error(
                SignRequest.Refusal(code: -32600, message: "a line may have \(LineReader.limit) bytes"))
        case .line(let bytes):
            do throws(SignRequest.Refusal) {
                return answer(try SignRequest(line: bytes), at: now)
            } catch {
                return Self.error(error)
            }
        }
    }

    /// What a client gets whose connection has to make room.
    static let displaced = error(
        SignRequest.Refusal(code: -32000, message: "closed for a newer connection; connect again"))

    private mutating func answer(_ request: SignRequest, at now: Time) -> [UInt8] {
        switch state {
        case .misconfigured(let problems):
            let message = "the signer has no usable key or configuration: \(problems.joined(separator: "; "))"
            return Self.error(SignRequest.Refusal(id: request.id, code: -32005, message: message))
        case .ready(let credential, let last):
            let current = last.flatMap { now.sinceBoot - $0.at.sinceBoot < Self.pause ? $0 : nil }
            let issued = current ?? issue(credential, at: now)
            return Self.result(issued, credential, id: request.id)
        }
    }

    private mutating func issue(_ credential: Credential, at now: Time) -> Issued {
        let signature = credential.signer.sign(
            identifier: credential.admin, issuedAt: now.wall, validFor: credential.lifetime)
        let new = Issued(signature: signature, at: now)
        state = .ready(credential, new)
        issued += 1
        return new
    }

    // MARK: Answers

    private static func result(_ issued: Issued, _ credential: Credential, id: [UInt8]) -> [UInt8] {
        answer(id: id) { json in
            json.key("result")
            json.object { json in
                json.key("userSig")
                json.string(issued.signature.text)
                json.key("issuedAt")
                json.integer(issued.at.wall)
                json.key("expiresAt")
                json.integer(issued.signature.expiresAt)
                json.key("sdkAppId")
                json.integer(credential.signer.sdkAppID)
                json.key("admin")
                json.string(credential.admin)
            }
        }
    }

    private static func error(_ refusal: SignRequest.Refusal) -> [UInt8] {
        answer(id: refusal.id) { json in
            json.key("error")
            json.object { json in
                json.key("code")
                json.integer(refusal.code)
                json.key("message")
                json.string(refusal.message)
            }
        }
    }

    private static func answer(id: [UInt8]?, _ content: (inout JSONWriter) -> Void) -> [UInt8] {
        var json = JSONWriter(capacity: 512)
        json.object { json in
            json.key("jsonrpc")
            json.string("2.0")
            json.key("id")
            if let id { json.raw(id) } else { json.null() }
            content(&json)
        }
        return json.bytes + [UInt8(ascii: "\n")]
    }
}

/// Why there is nothing to sign with: lines for a person, never with a secret.
public struct SignerProblems: Error, Hashable, Sendable {
    /// The lines.
    public let lines: [String]

    /// Sets them.
    public init(lines: [String]) { self.lines = lines }
}
