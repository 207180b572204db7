import AttributeValues
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
    var failure: CallFailure {
        switch self {
        case .cannotConnect(let why): CallFailure(.neverSent, message: "cannot connect: \(why)")
        case .certificate(let why):
            CallFailure(.certificate, message: "upstream's certificate is not accepted: \(why)")
        case .tls(let why): CallFailure(.neverSent, message: "TLS failed: \(why)")
        case .noConnectionInTime: CallFailure(.neverSent, message: "no connection within the time-out")
        case .noAnswerInTime: CallFailure(.timedOut, message: "no answer within the time-out")
        case .lost(let why): CallFailure(.lost, message: "connection lost: \(why)")
        case .closedByServer:
            CallFailure(.lost, message: "upstream closed the connection without an answer")
        case .noHTTP(let why): CallFailure(.unusableAnswer, message: "upstream's answer is no HTTP: \(why)")
        case .status(let status): Self.failure(forStatus: status)
        case .bodyTooLarge:
            CallFailure(
                .unusableAnswer, message: "upstream's answer is larger than \(Exchange.maximumBodySize) bytes")
        case .cancelled: CallFailure(.lost, message: "the call was given up")
        case .shutDown: CallFailure(.lost, message: "the daemon stops")
        case .other(let type): CallFailure(.lost, message: "the call failed: \(type)")
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
