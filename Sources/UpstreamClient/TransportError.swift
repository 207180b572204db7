import AsyncHTTPClient
import Glibc
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL

/// Understands the errors of the libraries below.
enum TransportError {
    /// Whether the error can only come before the first byte of a request may be written: while its connection was
    /// being made, or while it waited for one.
    ///
    /// Only errors that are known to be so; of any other it is assumed that the call may have left. Some of these also
    /// end calls whose head has been written, so that has to be looked at, too.
    static func precedesSending(_ error: any Error) -> Bool {
        switch error {
        case is NIOConnectionError, is NIOSSLError, is NIOSSLExtraError, is CertificateName.Mismatch: true
        // How connecting to an address fails, which is no NIOConnectionError; no established connection fails so.
        case let error as IOError: error.errnoCode == ECONNREFUSED
        case let error as HTTPClientError:
            [
                .connectTimeout, .tlsHandshakeTimeout, .getConnectionFromPoolTimeout, .deadlineExceeded, .cancelled,
                .alreadyShutdown,
            ].contains(error)
        default: false
        }
    }

    /// The failure that an error means for those who wait. The errors' own descriptions are not used where they can
    /// hold the URL.
    static func failure(for error: any Error) -> UpstreamFailure {
        switch error {
        case let error as HTTPExchange.UnusableHead: failure(forStatus: Int(error.status.code))
        case is HTTPExchange.BodyTooLarge:
            UpstreamFailure(
                .unusableAnswer, message: "upstream's answer is larger than \(HTTPExchange.maximumBodySize) bytes")
        case let error as NIOConnectionError:
            UpstreamFailure(.temporary, message: "cannot connect: \(cause(of: error))")
        case let error as CertificateName.Mismatch:
            UpstreamFailure(
                .unusableAnswer, message: "upstream's certificate is not accepted: it is not for \(error.host)")
        case let error as NIOSSLError: tls("\(error)")
        case let error as NIOSSLExtraError: tls("\(error)")
        case let error as HTTPClientError: UpstreamFailure(.temporary, message: message(for: error))
        case let error as IOError where error.errnoCode == ECONNREFUSED:
            UpstreamFailure(.temporary, message: "cannot connect: \(error)")
        case let error as IOError: UpstreamFailure(.temporary, message: "connection lost: \(error)")
        case is ChannelError: UpstreamFailure(.temporary, message: "connection lost")
        default: UpstreamFailure(.temporary, message: "the call failed: \(type(of: error))")
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

    private static func cause(of error: NIOConnectionError) -> String {
        if let single = error.connectionErrors.first { return "\(single.target): \(single.error)" }
        return "\(error.host): name not found"
    }

    /// A certificate that is not accepted stays so; anything else may be a connection that broke during the handshake.
    private static func tls(_ description: String) -> UpstreamFailure {
        let isCertificate = description.contains("CERTIFICATE") || description.contains("Hostname")
        return isCertificate
            ? UpstreamFailure(.unusableAnswer, message: "upstream's certificate is not accepted: \(description)")
            : UpstreamFailure(.temporary, message: "TLS failed: \(description)")
    }

    private static func message(for error: HTTPClientError) -> String {
        switch error {
        case .deadlineExceeded, .readTimeout: "no answer within the time-out"
        case .connectTimeout, .getConnectionFromPoolTimeout: "no connection within the time-out"
        case .tlsHandshakeTimeout: "no TLS connection within the time-out"
        case .remoteConnectionClosed: "upstream closed the connection without an answer"
        case .cancelled: "the call was given up"
        case .alreadyShutdown: "the daemon stops"
        default: "the call failed: \(error.shortDescription)"
        }
    }
}
