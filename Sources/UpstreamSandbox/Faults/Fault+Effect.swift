extension Fault.Kind {
    /// Whether it concerns entries of an answer and leaves the others as they are.
    var isOfEntries: Bool {
        switch self {
        case .entry, .stranger: true
        default: false
        }
    }

    /// An account that is not asked for, unless a fault names another.
    static let strangersName = "stranger"

    /// What becomes of a call that would have got `answer`. What concerns entries was done when it was written.
    func spoil(_ answer: Answer, request: SandboxRequest, text: AnswerText) -> Reaction {
        switch self {
        case .entry, .stranger, .onlyStranger:
            return .answer(answer)
        case .status(let status):
            return .answer(Answer(status: status, pageFor: request.uri))
        case .redirect(let status, let location):
            var redirect = Answer(status: status, pageFor: request.uri)
            redirect.headers.append(("Location", location ?? "/elsewhere?\(request.query)"))
            return .answer(redirect)
        case .reset:
            return .reset
        case .resetInBody:
            return .answer(answer.with { $0.ending = .reset(bodyBytes: $0.body.count / 2) })
        case .cut:
            return .answer(answer.with { $0.ending = .cut(bodyBytes: $0.body.count / 2) })
        case .hang:
            return .silence
        case .slow(let time):
            return .answer(answer.with { $0.delay = time })
        case .garbage:
            return .answer(answer.with { $0.body = [0xFF, 0xFE, 0x00, 0x80] + Array("}{ garbage".utf8) })
        case .truncated:
            return .answer(answer.with { $0.body.removeLast($0.body.count / 2) })
        case .body(let body):
            return .answer(Answer(json: Array(body.utf8)))
        case .error(let code):
            return .answer(Answer(json: text.fail(.simulated(code: code))))
        case .echoURL(let code):
            return .answer(Answer(json: text.fail(code: code, info: "request failed: \(request.uri)")))
        case .drip(let pause):
            return .answer(answer.with { $0.pausePerByte = pause })
        case .oversized(let bytes):
            return .answer(Answer(json: text.fail(code: 91000, info: String(repeating: "x", count: bytes))))
        case .close(let announced):
            return .answer(answer.with { $0.ending = announced ? .announcedClose : .silentClose })
        case .trailing(let rest):
            return .answer(answer.with { $0.surplus = .bytes(Array(rest.utf8)) })
        case .repeated(let time):
            return .answer(answer.with { $0.surplus = .again(after: time) })
        case .stray:
            return .late(answer, first: Answer(json: text.ok([.stranger(Self.strangersName)])))
        }
    }

    /// The `ErrorCode` that a call gets to see which would have got `code` without this fault.
    func errorCode(insteadOf code: Int?) -> Int? {
        switch self {
        case .drip, .close, .slow, .trailing, .repeated, .entry, .stranger, .onlyStranger: code
        case .error(let simulated), .echoURL(let simulated): simulated
        case .oversized: 91000
        case .status, .redirect, .reset, .resetInBody, .cut, .hang, .garbage, .truncated, .body, .stray: nil
        }
    }

    /// The name under which it is counted: that of its text.
    var name: String {
        switch self {
        case .status: "status"
        case .redirect: "redirect"
        case .reset: "reset"
        case .resetInBody: "reset-in-body"
        case .cut: "cut"
        case .hang: "hang"
        case .slow: "slow"
        case .garbage: "garbage"
        case .truncated: "truncated"
        case .body: "body"
        case .error: "error"
        case .echoURL: "echo-url"
        case .drip: "drip"
        case .oversized: "oversized"
        case .close(announced: true): "close"
        case .close(announced: false): "close-silently"
        case .trailing: "trailing"
        case .repeated: "repeated"
        case .stray: "stray"
        case .entry: "entry"
        case .stranger: "stranger"
        case .onlyStranger: "only-stranger"
        }
    }
}
