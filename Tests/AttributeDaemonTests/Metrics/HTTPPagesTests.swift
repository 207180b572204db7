import AttributeAPI
import NIOHTTP1
import Testing

@testable import AttributeDaemon

/// What is answered over HTTP.
struct HTTPPagesTests {
    private func answer(
        _ path: String, _ method: HTTPMethod = .GET, _ headers: HTTPHeaders = [:],
        readiness: HTTPPages.Readiness = .ready
    ) -> HTTPPages.Answer {
        let pages = HTTPPages(
            metrics: { (Array("\($0) \($1)".utf8), $1) }, readiness: { readiness })
        return pages.answer(to: HTTPRequestHead(version: .http1_1, method: method, uri: path, headers: headers))
    }

    private func text(_ answer: HTTPPages.Answer) -> String { String(decoding: answer.body, as: UTF8.self) }

    @Test(
        arguments: [
            (nil, "openMetrics"), ("*/*", "openMetrics"), ("text/plain;version=0.0.4", "classic"),
            ("text/plain", "classic"),
            ("text/*", "classic"), ("application/json", "openMetrics"),
            // Prometheus 2 and 3, node_exporter's friends, and one that refuses OpenMetrics.
            (
                "application/openmetrics-text;version=1.0.0;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,"
                    + "text/plain;version=0.0.4;q=0.3,*/*;q=0.2", "openMetrics"
            ),
            (
                "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.6, text/plain; Version=0.0.4; q=0.5, */*;q=0.1",
                "classic"
            ),
            ("text/plain;version=0.0.4;q=1,*/*;q=0.1", "classic"), ("application/openmetrics-text;q=0, */*", "classic"),
        ] as [(String?, String)])
    func theFormatIsTheOneThatIsAskedFor(accept: String?, format: String) {
        let answer = answer("/metrics", .GET, accept.map { ["Accept": $0] } ?? [:])
        #expect(text(answer) == "\(format) false")
        let types = ["openMetrics": GetMetrics.contentType, "classic": "text/plain; version=0.0.4; charset=utf-8"]
        #expect(answer.headers["Content-Type"].first == types[format])
        #expect(answer.headers["Vary"] == ["Accept, Accept-Encoding"])
    }

    @Test(
        arguments: [
            (nil, false), ("gzip", true), ("deflate, gzip;q=1.0, *;q=0.5", true), ("gzip;q=0", false), ("*", true),
            ("identity", false), ("*;q=0", false), ("br, GZIP", true),
        ] as [(String?, Bool)])
    func itIsCompressedIfThatIsAskedFor(accept: String?, compressed: Bool) {
        let answer = answer("/metrics", .GET, accept.map { ["Accept-Encoding": $0] } ?? [:])
        #expect(text(answer) == "openMetrics \(compressed)")
        #expect(answer.headers["Content-Encoding"] == (compressed ? ["gzip"] : []))
    }

    @Test func readinessIsOnlyOfAReadyDaemon() {
        #expect(answer("/readyz").status == .ok)
        let degraded = answer("/readyz?verbose", readiness: .notReady(reason: "degraded: upstream", retryAfter: 7))
        #expect(degraded.status == .serviceUnavailable)
        #expect(degraded.headers["Retry-After"] == ["7"])
        #expect(text(degraded) == "degraded: upstream\n")
        #expect(answer("/readyz", readiness: .notReady(reason: "x", retryAfter: 0)).headers["Retry-After"] == ["1"])
        // It lives all the same.
        let alive = answer("/healthz", readiness: .notReady(reason: "degraded: upstream", retryAfter: 7))
        #expect(alive.status == .ok && text(alive) == "ok\n")
    }

    @Test func theFirstPageLeadsToAllOthers() {
        let page = answer("/")
        #expect(page.headers["Content-Type"] == ["text/html; charset=utf-8"])
        for path in ["metrics", "healthz", "readyz"] {
            #expect(text(page).contains("<a href=\"\(path)\">"))
            #expect(answer("/" + path).status == .ok)
        }
    }

    @Test func otherMethodsAndPathsAreRefused() {
        for path in ["/", "/metrics", "/healthz", "/readyz"] {
            #expect(answer(path, .HEAD).status == .ok)
            #expect(answer(path, .POST).headers["Allow"] == ["GET, HEAD"])
            #expect(answer(path, .DELETE).status == .methodNotAllowed)
        }
        for path in ["/metrics/", "/health", "", "//", "/metrics.txt"] { #expect(answer(path).status == .notFound) }
    }

    @Test func gzipIsAWholeFile() throws {
        let text = Array(String(repeating: "imattrd_state 1\n", count: 5000).utf8)
        let file = try #require(Gzip.compress(text))
        #expect(file.starts(with: [0x1F, 0x8B, 8]))
        #expect(file.count < text.count / 20)
        // Its last four bytes are the length of what is in it.
        let length = file.suffix(4).reversed().reduce(0) { $0 << 8 | Int($1) }
        #expect(length == text.count)
    }
}
