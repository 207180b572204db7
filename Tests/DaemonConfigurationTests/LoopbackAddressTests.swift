import DaemonConfiguration
import Testing

struct LoopbackAddressTests {
    @Test(arguments: ["127.0.0.1:9464", "127.1.2.3:0", "[::1]:65535"])
    func loopbackAddressesAreTaken(text: String) { #expect(LoopbackAddress(text)?.description == text) }

    @Test(arguments: [
        "", ":", "9464", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1:+1x", "0.0.0.0:9464",
        "10.0.0.1:9464", "[::]:9464", "::1:9464", "[127.0.0.1]:9464", "[::ffff:127.0.0.1]:9464", "localhost:9464",
        "127.evil:1",
        "/run/metrics.sock", "[fe80::1]:1",
    ])
    func othersAreRefused(text: String) { #expect(LoopbackAddress(text) == nil) }
}
