import AttributeAPI
import Glibc
import IMAttrClient

/// What the exit code says to a script.
enum ExitStatus: Int32 {
    case answered = 0
    case upstreamRefused = 1
    case someMissing = 3
    case usage = 64
    case noDaemon = 69
    case internalFault = 70
    case tryAgain = 75
    case notOurProtocol = 76
    case accessDenied = 77
    case misconfigured = 78
    case interrupted = 130
}

extension ExitStatus {
    init(_ error: IMAttrError) {
        self =
            switch error {
            case .argument: .usage
            case .unreachable(_, let errno): Self(connecting: errno)
            case .lost, .deadline: .tryAgain
            case .protocol: .notOurProtocol
            case .refused(let answer): Self(answer)
            case .cancelled: .interrupted
            }
    }

    private init(connecting errno: CInt) {
        self =
            switch errno {
            case EACCES, EPERM: .accessDenied
            // The queue of callers that wait to be accepted is full.
            case EAGAIN: .tryAgain
            case ENAMETOOLONG: .usage
            default: .noDaemon
            }
    }

    /// The daemon's codes first, since they say what to do; any other code below zero is not upstream's.
    private init(_ answer: ErrorObject) {
        if let error = KnownError.withCode(answer.code) {
            self = Self(rawValue: error.exitStatus) ?? .internalFault
        } else {
            self = answer.source == .upstream ? .upstreamRefused : .internalFault
        }
    }
}
