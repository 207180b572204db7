import CGcrypt

/// SHA-256 and its HMAC, by libgcrypt, which libsystemd has loaded into the daemon anyway.
enum SHA256 {
    /// Bytes that are hashed at a time.
    static let blockSize = 64
    /// Bytes of a digest.
    static let digestSize = 32

    /// The digest of two pieces, one after the other.
    static func digest(_ first: UnsafeRawBufferPointer, _ second: [UInt8] = []) -> [UInt8] { run(0, first, second) }

    /// The HMAC (RFC 2104) of a text. It leaves copies of what is made of the key in memory that is not wiped.
    static func hmac(of text: [UInt8], key: UnsafeRawBufferPointer) -> [UInt8] {
        run(GCRY_MD_FLAG_HMAC.rawValue, key, text)
    }

    private static let isReady = cgcrypt_is_ready() != 0

    private static func run(_ flags: UInt32, _ first: UnsafeRawBufferPointer, _ second: [UInt8]) -> [UInt8] {
        precondition(isReady, "libgcrypt is older than 1.8.0")
        return Array(unsafeUninitializedCapacity: digestSize) { digest, count in
            let error = cgcrypt_sha256(flags, digest.baseAddress, first.baseAddress, first.count, second, second.count)
            precondition(error == 0, "libgcrypt has no SHA-256")
            count = digestSize
        }
    }
}
