import Glibc
import IMAttrClient

/// Why a command ends without its answer: the exit status, and a short paragraph for standard error.
struct Failure {
    let status: ExitStatus
    let text: String

    /// - Parameter showsUpstreamText: Whether the text may have what upstream wrote, and accounts.
    init(_ error: any Error, showsUpstreamText: Bool = true) {
        switch error {
        case let error as IMAttrError:
            status = ExitStatus(error)
            text = Self.text(error, showsUpstreamText)
        case let error as InputError:
            status = error.status
            text = error.description
        case let error as ResumeError:
            status = .usage
            text = error.description
        case let error as OutputError:
            status = error.errno == EWOULDBLOCK ? .tryAgain : .internalFault
            text = "cannot write to \(error.name): \(SystemCall.text(of: error.errno))."
        default:
            status = .internalFault
            text = "internal error: \(error)"
        }
    }

    private static func text(_ error: IMAttrError, _ showsUpstreamText: Bool) -> String {
        switch error {
        case .argument(let detail): "\(detail)."
        case .unreachable(let path, let errno): "cannot reach imattrd at \(path): \(text(connecting: errno, path))"
        case .lost: "imattrd went away before it answered, and did not come back in time. Try again."
        case .deadline(nil): "imattrd did not answer in time. Try again, or give it longer with --timeout-ms."
        case .deadline(let answer?): text(answer, showsUpstreamText)
        case .protocol(let detail): "what listens on the socket does not speak imattrd's protocol: \(detail)."
        case .refused(let answer): text(answer, showsUpstreamText)
        case .cancelled: "interrupted."
        }
    }

    private static func text(connecting errno: CInt, _ path: String) -> String {
        switch errno {
        case ENOENT where AdministrationSocket.has(path):
            "there is no such socket. Is imattrd running? See: systemctl status imattrd-admin.socket"
        case ENOENT: "there is no such socket. Is imattrd running? See: systemctl status imattrd.socket"
        case ECONNREFUSED: "nobody listens there. Is imattrd running? See: systemctl status imattrd.socket"
        case EACCES where AdministrationSocket.has(path), EPERM where AdministrationSocket.has(path):
            "permission denied. Only root may administer the daemon: run this with sudo."
        case EACCES, EPERM:
            "permission denied. You are not in group imattr: have an administrator run "
                + "'usermod -aG imattr USER' for you, then log in again."
        case EAGAIN: "too many callers wait to be accepted. Try again."
        case ENAMETOOLONG: "the path of a socket has at most 107 bytes."
        default: "\(SystemCall.text(of: errno)). See: systemctl status imattrd.socket"
        }
    }

    private static func text(_ answer: ErrorObject, _ showsUpstreamText: Bool) -> String {
        var sentences: [String] = []
        let who = answer.source == .upstream ? "upstream refused" : "imattrd refused"
        // Upstream's message can be its ErrorInfo.
        let message = showsUpstreamText || answer.source != .upstream ? "\(answer.message) " : ""
        sentences.append("\(who): \(message)(code \(answer.code)).")
        if showsUpstreamText, let info = answer.errorInfo, !info.isEmpty, info != answer.message {
            sentences.append("ErrorInfo: \(info).")
        }
        if let path = answer.path, !answer.message.contains(path) { sentences.append("Param: \(path).") }
        if let limit = answer.limit { sentences.append("Limit: \(limit.name) = \(limit.value).") }
        if let attempts = answer.attempts, attempts > 1 { sentences.append("Attempts: \(attempts).") }
        if let skew = answer.clockSkewSeconds, skew != 0 {
            sentences.append("The daemon's clock differs from upstream's by \(skew) s.")
        }
        if showsUpstreamText, let failed = answer.failed?.first {
            sentences.append("First failed account: \(String(decoding: failed, as: UTF8.self)).")
        }
        if let fetched = answer.fetched, fetched > 0 {
            sentences.append("\(fetched) accounts were fetched; --max-age-ms lets a repetition use them.")
        }
        if let call = answer.callID { sentences.append("The daemon's log has it as call \(call).") }
        if let hint = hint(answer) { sentences.append(hint) }
        return sentences.joined(separator: " ")
    }

    private static func hint(_ answer: ErrorObject) -> String? {
        let pause = answer.retryAfterMs.map(duration(milliseconds:))
        switch (ExitStatus(.refused(answer)), answer.retryable, pause) {
        case (.accessDenied, _, _):
            return "The operator does not allow it to this user; 'imattr doctor' says which rule applies."
        case (.misconfigured, _, _): return "An administrator finds the reason with: journalctl -u imattrd"
        case (_, true, let pause?): return "Try again in \(pause)."
        case (_, true, nil): return "Try again."
        case (_, false, let pause?): return "An administrator must act; nothing is sent upstream for \(pause)."
        case (_, false, nil): return nil
        }
    }

    private static func duration(milliseconds: Int64) -> String {
        milliseconds < 1000 ? "\(milliseconds) ms" : "\(milliseconds / 1000 + (milliseconds % 1000 > 0 ? 1 : 0)) s"
    }
}
