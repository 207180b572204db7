import Glibc

/// Bytes that are needed again, in order: a few in memory, many in a file without a name in `$TMPDIR`, else in /tmp, which is gone
/// when the program is, however it ends.
struct Spill: ~Copyable {
    private static let memoryLimit = 1 << 20

    private var memory: [UInt8] = []
    private var descriptor: CInt = -1

    init() {}

    deinit { if descriptor >= 0 { close(descriptor) } }

    var isEmpty: Bool { memory.isEmpty && descriptor < 0 }

    mutating func append(_ bytes: some Collection<UInt8>) throws(OutputError) {
        memory += bytes
        guard memory.count > Self.memoryLimit else { return }
        if descriptor < 0 { descriptor = try Self.open() }
        try FileDescriptor.write(memory, to: descriptor, name: Self.name)
        memory.removeAll(keepingCapacity: true)
    }

    /// Hands over all of it, piece by piece.
    func read(_ take: ([UInt8]) throws -> Void) throws {
        var offset = 0
        while descriptor >= 0 {
            let piece = [UInt8](unsafeUninitializedCapacity: 64 << 10) { buffer, count in
                count = max(pread(descriptor, buffer.baseAddress, buffer.count, offset), 0)
            }
            if piece.isEmpty { break }
            offset += piece.count
            try take(piece)
        }
        try take(memory)
    }

    private static let name = "a temporary file"

    private static func open() throws(OutputError) -> CInt {
        let folder = getenv("TMPDIR").map { String(cString: $0) } ?? ""
        var path = Array("\(folder.isEmpty ? "/tmp" : folder)/imattr-XXXXXX".utf8CString)
        let descriptor = mkstemp(&path)
        guard descriptor >= 0 else {
            throw OutputError("\(name) in \(folder.isEmpty ? "/tmp" : folder)", errno: errno)
        }
        unlink(path)
        return descriptor
    }
}
