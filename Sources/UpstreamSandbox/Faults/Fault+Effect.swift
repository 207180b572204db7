extension Fault.Kind {
    /// What becomes of a call that would have got `answer`.
    func spoil(_ answer: Answer, request: SandboxRequest, text: AnswerText) -> Reaction {
        switch self {
        case .status(let status):
            return .answer(Answer(status: status, pageFor: request.uri))
        case .redirect(let status, let location):
            var redirect = Answer(status: status, pageFor: request.uri)
            redirect.headers.append(("Location", location ?? "/elsewhere?\(request.query)"))
            return .answer(redirect)
        case .reset:
            return .reset
        case .hang:
            return .silence
        case .garbage:
            return .answer(answer.with { $0.body = [0xFF, 0xFE, 0x00, 0x80] + Array("}{ garbage".utf8) })
        case .truncated:
            return .answer(answer.with { $0.body.removeLast($0.body.count / 2) })
        case .body(let body):
            return .answer(Answer(json: body))
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
        }
    }

    /// The `ErrorCode` that a call gets to see which would have got `code` without this fault.
    func errorCode(insteadOf code: Int?) -> Int? {
        switch self {
        case .drip, .close: code
        case .error(let simulated), .echoURL(let simulated): simulated
        case .oversized: 91000
        case .status, .redirect, .reset, .hang, .garbage, .truncated, .body: nil
        }
    }

    /// The name under which it is counted: that of its text.
    var name: String {
        switch self {
        case .status: "status"
        case .redirect: "redirect"
        case .reset: "reset"
        case .hang: "hang"
        case .garbage: "garbage"
        case .truncated: "truncated"
        case .body: "body"
        case .error: "error"
        case .echoURL: "echo-url"
        case .drip: "drip"
        case .oversized: "oversized"
        case .close(announced: true): "close"
        case .close(announced: false): "close-silently"
        }
    }
}
