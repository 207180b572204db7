import AttributeAPI
import DaemonConfiguration
import Testing

@testable import AttributeDaemon

/// What manuals are made from.
@Suite struct SelfDescriptionTests {
    @Test func theDescriptionHasEverything() throws {
        let document = try JSONTree(json: Array(SelfDescription.json.utf8))
        let names = { (member: String) in document[member]?.elements.compactMap { $0["name"]?.text } }
        #expect(names("keys") == ConfigurationKey.allCases.map(\.rawValue))
        #expect(names("metrics") == Metric.allCases.map(\.name))
        #expect(document["openrpc"]?["methods"]?.elements.count == MethodName.allCases.count)
        for key in document["keys"]?.elements ?? [] { #expect(key["meaning"]?.text?.hasSuffix(".") == true) }
        for limit in ServiceLimit.allCases {
            #expect(document["openrpc"]?["x-limits"]?[limit.rawValue]?["value"] != nil, "\(limit) has a usual value")
        }
    }
}
