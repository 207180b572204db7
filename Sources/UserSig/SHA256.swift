import CGcrypt

/// SHA-256 and its HMAC, by libgcrypt, which libsystemd has loaded into the daemon anyway.
enum SHA256 {
    /// Bytes of a digest.
    static let digestSize = 32
    /// Bytes that are hashed at a time.
    private static let blockSize = 64

    /// HMAC-SHA256 (RFC 2104) under a key that leaves its place for nothing but the block that is hashed, which is locked and wiped.
    ///
    /// The library's own HMAC leaves copies of key and pads in memory that is not.
    static func hmac(of text: [UInt8], key: SecretKey) -> [UInt8] {
        let block = LockedMemory(capacity: blockSize)
        key.withBytes { key in
            if key.count <= blockSize { block.fill(key) } else { block.fill(run(0, key, []).span) }
        }
        let inner = block.digest(pad: 0x36, text)
        // The first pad is undone together with the second one's adding.
        return block.digest(pad: 0x36 ^ 0x5C, inner)
    }

    /// The same by the library, for those who check.
    static func libraryHMAC(of text: [UInt8], key: SecretKey) -> [UInt8] {
        key.withBytes { run(GCRY_MD_FLAG_HMAC.rawValue, $0, text) }
    }

    /// The digest of two pieces, one after the other, or what the flags make of them.
    fileprivate static func run(_ flags: UInt32, _ first: Span<UInt8>, _ second: [UInt8]) -> [UInt8] {
        precondition(Libgcrypt.isReady, "libgcrypt is older than 1.8.0")
        var digest = [UInt8](repeating: 0, count: digestSize)
        // The library takes pointers. It reads both pieces by their lengths, and writes as many bytes as SHA-256 has.
        let error = unsafe first.withUnsafeBytes { first in
            unsafe cgcrypt_sha256(flags, &digest, first.baseAddress, first.count, second, second.count)
        }
        precondition(error == 0, "libgcrypt has no SHA-256")
        return digest
    }

    fileprivate static func digest(_ block: inout MutableSpan<UInt8>, pad: UInt8, _ text: [UInt8]) -> [UInt8] {
        for index in 0..<blockSize { block[index] ^= pad }
        return run(0, block.span.extracting(first: blockSize), text)
    }
}

extension LockedMemory {
    fileprivate func fill(_ key: Span<UInt8>) {
        withBytes { block in
            for index in key.indices { block[index] = key[index] }
        }
    }

    fileprivate func digest(pad: UInt8, _ text: [UInt8]) -> [UInt8] {
        withBytes { SHA256.digest(&$0, pad: pad, text) }
    }
}
