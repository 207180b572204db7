import Testing

@testable import UpstreamClient

@Suite struct EndpointTests {
    @Test(arguments: [
        ("https://a.example", "a.example", 443), ("HTTPS://A.example:8443", "A.example", 8443),
        ("https://a.example/", "a.example", 443), ("https://127.0.0.1:1", "127.0.0.1", 1),
        ("https://[::1]", "[::1]", 443), ("https://[2001:db8::7]:65535", "[2001:db8::7]", 65535),
        ("https://localhost:0443", "localhost", 443), ("https://xn--nxasmq6b", "xn--nxasmq6b", 443),
    ])
    func endpointIsRead(url: String, host: String, port: Int) throws {
        let endpoint = try #require(Endpoint(url: url))
        #expect(endpoint.host == host)
        #expect(endpoint.port == port)
    }

    @Test(arguments: [
        "", "https://", "https:///", "a.example", "http://a.example", "https:a.example", "ftp://a.example",
        "https://user@a.example", "https://user:word@a.example", "https://a.example/path", "https://a.example//",
        "https://a.example?q=1", "https://a.example#f", "https://a.example:443/x", " https://a.example",
        "https://a.example ", "https://a b.example", "https://a.example:", "https://a.example:0",
        "https://a.example:65536",
        "https://a.example:-1", "https://a.example:+1", "https://a.example:1a",
        "https://a.example:99999999999999999999",
        "https://:443", "https://::1", "https://[::1", "https://::1]", "https://[]", "https://[1]", "https://[:::::]",
        "https://[::1]x", "https://[fe80::1%25eth0]", "https://a..example", "https://.a", "https://a.", "https://-a",
        "https://a-",
        "https://a_b.example", "https://bücher.example", "https://a\n.example", "https://a%41.example", "https://a\\b",
        "https://\u{FF11}.example", "https://a.example:\u{FF11}", "https://" + String(repeating: "a", count: 64),
        "https://" + Array(repeating: "abcdefg", count: 32).joined(separator: "."),
    ])
    func anythingElseIsRefused(url: String) {
        #expect(Endpoint(url: url) == nil)
    }

    @Test func descriptionIsTheURL() {
        #expect(Endpoint(url: "https://a.example:443/")?.description == "https://a.example")
        #expect(Endpoint(url: "https://[::1]:8443")?.description == "https://[::1]:8443")
    }

    /// Vendor's table of REST hosts.
    @Test func regionsHaveTheVendorsHosts() {
        let hosts = [
            "china": "console.tim.qq.com", "singapore": "adminapisgp.im.qcloud.com",
            "seoul": "adminapikr.im.qcloud.com",
            "tokyo": "adminapijpn.im.qcloud.com", "frankfurt": "adminapiger.im.qcloud.com",
            "silicon-valley": "adminapiusa.im.qcloud.com", "jakarta": "adminapiidn.im.qcloud.com",
        ]
        #expect(Dictionary(uniqueKeysWithValues: Region.allCases.map { ($0.rawValue, $0.host) }) == hosts)
        for region in Region.allCases {
            #expect(Endpoint(region) == Endpoint(url: "https://" + region.host))
        }
    }
}
