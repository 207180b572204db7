import Glibc
import NIOCore
import NIOHTTP1
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
    case noConnectionInTime
    case noAnswerInTime
    /// The connection broke, and how.
    case lost(String)
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
        case let error as IOError: self = .lost("\(error)")
        case is ChannelError: self = .closedByServer
        case is HTTPParserError: self = .noHTTP("\(error)")
        default: self = .other("\(type(of: error))")
        }
    }

    /// An error of the libraries while a connection is made.
    init(connecting error: any Error) {
        switch error {
        case let error as NIOConnectionError: self = Self.cannotConnect(error)
        case ChannelError.connectTimeout: self = .noConnectionInTime
        case let error as IOError: self = .cannotConnect("\(error)")
        default: self.init(error)
        }
    }

    private static func cannotConnect(_ error: NIOConnectionError) -> TransportError {
        guard let single = error.connectionErrors.first else { return .cannotConnect("\(error.host): name not found") }
        return .cannotConnect("\(single.target): \(single.error)")
    }

    /// A certificate that is not accepted stays so; anything else may be a connection that broke during the handshake.
    private static func tls(describing description: String) -> TransportError {
        let isCertificate = description.contains("CERTIFICATE") || description.contains("Hostname")
        return isCertificate ? .certificate(description) : .tls(description)
    }

    /// What it means for those who wait.
    var failure: UpstreamFailure {
        switch self {
        case .cannotConnect(let why): UpstreamFailure(.temporary, message: "cannot connect: \(why)")
        case .certificate(let why):
            UpstreamFailure(.unusableAnswer, message: "upstream's certificate is not accepted: \(why)")
        case .tls(let why): UpstreamFailure(.temporary, message: "TLS failed: \(why)")
        case .noConnectionInTime: UpstreamFailure(.temporary, message: "no connection within the time-out")
        case .noAnswerInTime: UpstreamFailure(.temporary, message: "no answer within the time-out")
        case .lost(let why): UpstreamFailure(.temporary, message: "connection lost: \(why)")
        case .closedByServer:
            UpstreamFailure(.temporary, message: "upstream closed the connection without an answer")
        case .noHTTP(let why): UpstreamFailure(.temporary, message: "upstream's answer is no HTTP: \(why)")
        case .status(let status): Self.failure(forStatus: status)
        case .bodyTooLarge:
            UpstreamFailure(
                .unusableAnswer, message: "upstream's answer is larger than \(Exchange.maximumBodySize) bytes")
        case .cancelled: UpstreamFailure(.temporary, message: "the call was given up")
        case .shutDown: UpstreamFailure(.temporary, message: "the daemon stops")
        case .other(let type): UpstreamFailure(.temporary, message: "the call failed: \(type)")
        }
    }

    private static func failure(forStatus status: Int) -> UpstreamFailure {
        let message = "upstream answered with HTTP status \(status)"
        switch status {
        case 408, 429, 500, 502...504: return UpstreamFailure(.temporary, message: message)
        case 300..<400:
            return UpstreamFailure(.unusableAnswer, message: message + ", a redirect, which is never followed")
        default: return UpstreamFailure(.unusableAnswer, message: message)
        }
    }
}
