import AttributeAPI
import NIOHTTP1

/// What is answered over HTTP: for Prometheus, for programs that watch whether the daemon lives and is ready, and for a person who
/// looks what is here.
struct HTTPPages {
    /// An answer, without what the server adds to each.
    struct Answer {
        var status = HTTPResponseStatus.ok
        var headers: HTTPHeaders
        /// Of a HEAD request, too; it is only counted then.
        var body: [UInt8]

        fileprivate static func text(_ status: HTTPResponseStatus, _ text: String, _ headers: HTTPHeaders = [:])
            -> Answer
        {
            var headers = headers
            headers.add(name: "Content-Type", value: "text/plain; charset=utf-8")
            return Answer(status: status, headers: headers, body: Array((text + "\n").utf8))
        }
    }

    /// Whether a request for accounts would be served now.
    enum Readiness {
        case ready
        /// - Parameters:
        ///   - reason: The state and why, on one line.
        ///   - retryAfter: Seconds after which it may be another.
        case notReady(reason: String, retryAfter: Int64)
    }

    /// The metrics as they are now, as a gzip file if that is asked for and there is memory for it.
    let metrics: (MetricsFormat, _ compressed: Bool) -> (body: [UInt8], isCompressed: Bool)
    let readiness: () -> Readiness

    private static let paths = "/, /metrics, /healthz and /readyz"

    func answer(to request: HTTPRequestHead) -> Answer {
        guard let page = page(request.uri.prefix { $0 != "?" }) else {
            return .text(.notFound, "only \(Self.paths) are here")
        }
        guard request.method == .GET || request.method == .HEAD else {
            return .text(.methodNotAllowed, "only GET and HEAD are answered", ["Allow": "GET, HEAD"])
        }
        return page(request.headers)
    }

    private func page(_ path: Substring) -> ((HTTPHeaders) -> Answer)? {
        switch path {
        case "/": { _ in Self.landing }
        case "/metrics": metrics
        case "/healthz": { _ in .text(.ok, "ok") }
        case "/readyz": { _ in ready }
        default: nil
        }
    }

    private func metrics(_ request: HTTPHeaders) -> Answer {
        let format = AcceptedFormats(request[canonicalForm: "Accept"]).best
        let (body, isCompressed) = metrics(format, AcceptedFormats.takesGzip(request[canonicalForm: "Accept-Encoding"]))
        var headers: HTTPHeaders = ["Content-Type": format.contentType, "Vary": "Accept, Accept-Encoding"]
        if isCompressed { headers.add(name: "Content-Encoding", value: "gzip") }
        return Answer(headers: headers, body: body)
    }

    private var ready: Answer {
        switch readiness() {
        case .ready: .text(.ok, "ready")
        case .notReady(let reason, let retryAfter):
            .text(.serviceUnavailable, reason, ["Retry-After": "\(max(1, retryAfter))"])
        }
    }

    private static let landing = Answer(
        headers: ["Content-Type": "text/html; charset=utf-8", "Content-Security-Policy": "default-src 'none'"],
        body: Array(
            """
            <!DOCTYPE html>
            <html lang="en">
            <title>imattrd</title>
            <h1>imattrd \(Version.current)</h1>
            <ul>
            <li><a href="metrics">metrics</a>, for Prometheus
            <li><a href="healthz">healthz</a>: whether it lives
            <li><a href="readyz">readyz</a>: whether it is ready, and if not, why
            </ul>
            </html>

            """.utf8))
}

/// Which formats a client wants (RFC 9110, 12.5.1).
struct AcceptedFormats {
    private var ranges: [(type: String, version: String?, quality: Double)] = []

    /// - Parameter fields: The values of the header `Accept`, divided at commas or not.
    init(_ fields: [Substring]) {
        for element in fields.flatMap({ $0.split(separator: ",") }) {
            let parts = element.split(separator: ";").map(\.trimmed)
            guard let type = parts.first else { continue }
            ranges.append((type, Self.value(of: "version", in: parts), Self.quality(parts)))
        }
    }

    /// The format that the client likes best; OpenMetrics if it does not care, or knows neither.
    var best: MetricsFormat {
        let (openMetrics, classic) = (
            quality("application", "openmetrics-text", "1.0.0"), quality("text", "plain", "0.0.4")
        )
        return classic > openMetrics ? .classic : .openMetrics
    }

    /// The most specific range counts.
    private func quality(_ type: String, _ subtype: String, _ version: String) -> Double {
        let exact = ranges.filter { $0.type == "\(type)/\(subtype)" && ($0.version ?? version) == version }
        for range in [exact, ranges.filter { $0.type == "\(type)/*" }, ranges.filter { $0.type == "*/*" }] {
            if let best = range.map(\.quality).max() { return best }
        }
        return 0
    }

    /// - Parameter fields: The values of the header `Accept-Encoding`.
    static func takesGzip(_ fields: [Substring]) -> Bool {
        let codings = fields.flatMap { $0.split(separator: ",") }.map { $0.split(separator: ";").map(\.trimmed) }
        let named = codings.first { $0.first == "gzip" || $0.first == "x-gzip" } ?? codings.first { $0.first == "*" }
        return named.map { quality($0) > 0 } ?? false
    }

    private static func quality(_ parts: [String]) -> Double { value(of: "q", in: parts).flatMap { Double($0) } ?? 1 }

    private static func value(of name: String, in parts: [String]) -> String? {
        parts.dropFirst().first { $0.hasPrefix(name + "=") }.map { String($0.dropFirst(name.count + 1)) }
    }
}

extension Substring {
    /// In small letters, without spaces around it.
    fileprivate var trimmed: String {
        split(whereSeparator: { $0 == " " || $0 == "\t" }).joined(separator: " ").lowercased()
    }
}
