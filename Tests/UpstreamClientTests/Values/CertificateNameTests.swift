import Testing

@testable import UpstreamClient

@Suite struct CertificateNameTests {
    @Test(arguments: [
        ("a.example", "a.example"), ("A.Example", "a.eXAMPLE"), ("a.b.example", "*.b.example"),
        ("localhost", "localhost"),
    ])
    func nameIsTheCertificates(host: String, pattern: String) {
        #expect(CertificateName.matches(host, pattern: Array(pattern.utf8)))
    }

    @Test(arguments: [
        ("a.example", "b.example"), ("a.example", "example"), ("example", "a.example"), ("a.example", ""),
        ("a.b.example", "*.example"), ("b.example", "*.b.example"), ("a.example", "*.example"), ("a.example", "*"),
        ("a.example", "*.*"), ("a.b.example", "a*.b.example"), ("a.b.example", "a.*.example"),
        ("a.example", "a.example."),
        ("a.example", ".example"), ("a.example", "a.example\u{0}"),
    ])
    func anyOtherNameIsNot(host: String, pattern: String) {
        #expect(!CertificateName.matches(host, pattern: Array(pattern.utf8)))
    }
}
