/// A file of trust roots (PEM).
enum CertificateFile {
    /// More than ten times what all public authorities together have, in bytes.
    static let maximumSize = 4 << 20

    /// Why the file cannot be what it must be; nil if it looks right. Every call would fail with a wrong one.
    static func fault(of path: String) -> String? {
        switch SmallFile.read(path, limit: maximumSize) {
        case .failure(let failure): failure.description
        case .success(let bytes):
            String(decoding: bytes, as: UTF8.self).contains("-----BEGIN CERTIFICATE-----")
                ? nil : "holds no certificate in PEM form"
        }
    }
}
