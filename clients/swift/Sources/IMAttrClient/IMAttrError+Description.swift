import Glibc

extension IMAttrError: CustomStringConvertible {
    /// One or two sentences for a person: what was wrong, and what to do.
    public var description: String {
        switch self {
        case .argument(let detail): detail
        case .refused(let answer): "\(answer.message) (code \(answer.code))"
        case .unreachable(let path, let errno): "cannot reach imattrd at \(path): \(Self.text(connecting: errno))"
        case .lost: "imattrd went away before it answered, and did not come back in time"
        case .deadline(let answer?): "imattrd did not answer in time: \(answer.message) (code \(answer.code))"
        case .deadline(nil): "imattrd did not answer in time"
        case .protocol(let detail): "what listens on the socket does not speak imattrd's protocol: \(detail)"
        case .cancelled: "the call was cancelled"
        }
    }

    private static func text(connecting errno: CInt) -> String {
        switch errno {
        case ENOENT: "there is no such socket; is imattrd running? See: systemctl status imattrd.socket"
        case ECONNREFUSED: "no process listens there; is imattrd running? See: systemctl status imattrd.socket"
        case EACCES, EPERM:
            "permission denied: you are not in group imattr. Have an administrator run "
                + "'usermod -aG imattr USER' for you, then log in again"
        case ENAMETOOLONG: "the path of a socket has at most 107 bytes"
        default: strerror(errno).map { String(cString: $0) } ?? "error \(errno)"
        }
    }
}
