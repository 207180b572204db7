import AttributeValues
import Glibc
import NIOCore
import NIOPosix
import NIOSSL

/// Why there is no usable answer. What of it can hold a URL is left out.
enum TransportError: Error, Hashable {
    /// No TCP connection, and why.
    case cannotConnect(String)
    /// The server is not who it must be.
    case certificate(String)
    /// The handshake, or TLS later on.
    case tls(String)
    case timedOut
    /// The connection broke, and how.
    case lost(String)
    /// The server's kernel has not acknowledged the request's bytes in time.
    case unacknowledged
    /// The same where it had been idle, and had probably been dead already.
    case stale(String)
    case closedByServer
    /// What came is not HTTP.
    case noHTTP(String)
    case status(Int)
    case bodyTooLarge
    case cancelled
    case shutDown
    case other(String)

    /// An error of the libraries on a connection.
    init(_ error: any Error) {
        switch error {
        case let error as TransportError: self = error
        case let error as NIOSSLError: self = Self.tls(describing: "\(error)")
        case let error as NIOSSLExtraError: self = Self.tls(describing: "\(error)")
        case let error as IOError where error.errnoCode == ETIMEDOUT: self = .unacknowledged
        case let error as IOError: self = .lost("\(error)")
        case is ChannelError: self = .closedByServer
        default: self = .other("\(type(of: error))")
        }
    }

    /// An error of the libraries while a connection is made.
    init(connecting error: any Error) {
        switch error {
        case let error as NIOConnectionError: self = Self.cannotConnect(error)
        case ChannelError.connectTimeout: self = .timedOut
        case let error as IOError: self = .cannotConnect("\(error)")
        default: self.init(error)
        }
    }

    private static func cannotConnect(_ error: NIOConnectionError) -> TransportError {
        guard let single = error.connectionErrors.first else { return .cannotConnect("\(error.host): name not found") }
        return .cannotConnect("\(single.target): \(single.error)")
    }

    /// A certificate that is not accepted stays so; anything else may be a connection that broke during the handshake.
    private static func tls(describing text: String) -> TransportError {
        let description = withoutPlaces(text)
        let isCertificate = description.contains("CERTIFICATE") || description.contains("Hostname")
        return isCertificate ? .certificate(description) : .tls(description)
    }

    /// Without the places in the libraries' sources, ` at PATH:LINE`: they are paths of the machine on which the program was built.
    static func withoutPlaces(_ text: String) -> String {
        let pieces = text.split(separator: " at ", omittingEmptySubsequences: false)
        return pieces.dropFirst().reduce(into: String(pieces[0])) { result, piece in
            let colons = piece.indices.filter { piece[$0] == ":" }
            let end = colons.first { colon in
                let path = piece[..<colon]
                return [".c", ".cc", ".h", ".swift"].contains(where: path.hasSuffix)
            }
            if let end {
                result += piece[end...].dropFirst().drop(while: \.isNumber)
            } else {
                result += " at \(piece)"
            }
        }
    }

    /// How the connection was lost, if that is what happened.
    var loss: String? {
        switch self {
        case .tls(let why), .lost(let why): why
        case .unacknowledged: "its bytes were not acknowledged"
        case .closedByServer: "upstream closed it"
        case .cannotConnect, .certificate, .timedOut, .stale, .noHTTP, .status, .bodyTooLarge, .cancelled, .shutDown,
            .other:
            nil
        }
    }

    /// What it means for those who wait.
    /// - Parameter wasSent: Whether any byte of the request may have left.
    func failure(wasSent: Bool) -> CallFailure {
        let lost: CallFailure.Kind = wasSent ? .lost : .neverSent
        switch self {
        case .cannotConnect(let why): return CallFailure(.neverSent, message: "cannot connect: \(why)")
        case .certificate(let why):
            return CallFailure(.certificate, message: "upstream's certificate is not accepted: \(why)")
        case .tls(let why): return CallFailure(lost, message: "TLS failed: \(why)")
        case .timedOut where wasSent: return CallFailure(.timedOut, message: "no answer within the time-out")
        case .timedOut: return CallFailure(.neverSent, message: "no connection within the time-out")
        case .lost(let why): return CallFailure(lost, message: "connection lost: \(why)")
        case .unacknowledged: return CallFailure(lost, message: "connection lost: its bytes were not acknowledged")
        case .stale(let why): return CallFailure(.stale, message: "an idle connection was lost: \(why)")
        case .closedByServer:
            return CallFailure(lost, message: "upstream closed the connection without an answer")
        case .noHTTP(let why): return CallFailure(.unusableAnswer, message: "upstream's answer is not HTTP: \(why)")
        case .status(let status): return Self.failure(forStatus: status)
        case .bodyTooLarge:
            let limit = UpstreamConnectionState.maximumBodySize
            return CallFailure(.unusableAnswer, message: "upstream's answer is larger than \(limit) bytes")
        case .cancelled: return CallFailure(lost, message: "the call was given up")
        case .shutDown: return CallFailure(lost, message: "the daemon stops")
        case .other(let type): return CallFailure(lost, message: "the call failed: \(type)")
        }
    }

    private static func failure(forStatus status: Int) -> CallFailure {
        let message = "upstream answered with HTTP status \(status)"
        if (300..<400).contains(status) {
            return CallFailure(.redirect, message: message + ", a redirect, which is never followed")
        }
        return CallFailure(.status, message: message)
    }
}
