import AttributeAPI
import Testing

@testable import imattr

struct MethodPageTests {
    private func page(_ name: MethodName) throws -> [String] {
        var limits = LimitsInForce()
        limits[.maxAccountsPerRequest] = 1234
        let json = Discover.document(version: "1", socketPaths: [], limits: limits).json
        let document = try DiscoveryDocument(json)
        #expect(document.names == MethodName.allCases.map(\.rawValue))
        return MethodPage(try #require(document.method(name.rawValue)), in: document).lines
    }

    @Test func getAttrsIsExplainedWhole() throws {
        let lines = try page(.getAttrs)
        #expect(lines.first == "getAttrs To_Account [timeoutMs] [maxAgeMs] [partial]")
        let text = lines.joined(separator: "\n")
        for part in [
            "array of strings of at most 255 bytes, at most 1234", "timeoutMs  integer from 1 to 600000, default 30000",
            "maxAgeMs  integer from 0 to 3600000, default 0", "partial  boolean, default false",
            "UserAttrs  array of objects", "ErrorList (optional)",
            "-32005  misconfigured: ", "-32001  deadlineExceeded: ", "ErrorCode (70001, 90001", "Retryable.",
            #"imattr call getAttrs '{"To_Account":["Zhang Xiaohong","abc"],"timeoutMs":5000}'"#,
        ] { #expect(text.contains(part), "\(part)") }
    }

    @Test(arguments: MethodName.allCases)
    func everyMethodHasAPage(name: MethodName) throws {
        let lines = try page(name)
        #expect(lines.first?.hasPrefix(name.rawValue) == true)
        #expect(lines.contains { $0.hasPrefix("Params") })
        #expect(lines.contains { $0.hasPrefix("Result") })
        // Examples stand on one line each, so that they can be copied.
        for line in lines where !line.hasPrefix("  imattr call ") && !line.hasPrefix("  {") {
            #expect(line.count <= 100)
        }
    }

    @Test func somethingElseIsNoDocument() {
        for json in ["[]", "{}", "nonsense"] {
            #expect(throws: (any Error).self) { try DiscoveryDocument(Array(json.utf8)) }
        }
    }
}
