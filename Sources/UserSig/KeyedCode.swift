import Glibc

/// HMAC-SHA256 (RFC 2104) under a key that leaves its place for nothing but the block that is hashed, which is wiped.
///
/// The library's own HMAC leaves copies of key and pads in memory that is not.
enum KeyedCode {
    static func code(of text: [UInt8], key: SecretKey) -> [UInt8] {
        key.withUnsafeBytes { key in
            withUnsafeTemporaryAllocation(byteCount: SHA256.blockSize, alignment: 1) { block in
                defer { block.baseAddress.map { explicit_bzero($0, block.count) } }
                block.initializeMemory(as: UInt8.self, repeating: 0)
                if key.count <= SHA256.blockSize {
                    block.copyMemory(from: key)
                } else {
                    SHA256.digest(key).withUnsafeBytes { block.copyMemory(from: $0) }
                }
                let inner = digest(block, pad: 0x36, text)
                // The first pad is undone together with the second one's adding.
                return digest(block, pad: 0x36 ^ 0x5C, inner)
            }
        }
    }

    private static func digest(_ block: UnsafeMutableRawBufferPointer, pad: UInt8, _ text: [UInt8]) -> [UInt8] {
        for index in block.indices { block[index] ^= pad }
        return SHA256.digest(UnsafeRawBufferPointer(block), text)
    }
}
