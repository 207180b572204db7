import Glibc

/// Reads files that are small and decide much.
package enum SmallFile {
    /// Why a file cannot be read.
    package enum Failure: Error, CustomStringConvertible {
        case missing
        case unreadable(String)
        case tooLarge(limit: Int)

        package var description: String {
            switch self {
            case .missing: "no such file"
            case .unreadable(let reason): "cannot be read: \(reason)"
            case .tooLarge(let limit): "is larger than \(limit) bytes"
            }
        }
    }

    /// The bytes of a regular file, of `limit` bytes at most.
    package static func read(_ path: String, limit: Int) -> Result<[UInt8], Failure> {
        Result { () throws(Failure) in
            try withFile(path, check: { _ in nil }) { file, status throws(Failure) in
                // Not as much as is allowed: the memory would stay with the process.
                let room = min(limit, max(4096, Int(status.st_size)))
                var bytes = [UInt8](repeating: 0, count: room)
                let count = try bytes.withUnsafeMutableBytes { buffer in
                    Result { () throws(Failure) in try read(file, into: buffer, limit: limit) }
                }.get()
                bytes.removeSubrange(count...)
                return bytes
            }
        }
    }

    /// Reads a regular file, of as many bytes at most as there is room for.
    /// - Returns: How many there were.
    static func read(
        _ path: String, into bytes: UnsafeMutableRawBufferPointer, check: (stat) -> String? = { _ in nil }
    ) throws(Failure) -> Int {
        try withFile(path, check: check) { file, _ throws(Failure) in
            try read(file, into: bytes, limit: bytes.count)
        }
    }

    private static func withFile<Value>(
        _ path: String, check: (stat) -> String?, _ body: (CInt, stat) throws(Failure) -> Value
    ) throws(Failure) -> Value {
        let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard file >= 0 else { throw errno == ENOENT ? .missing : .unreadable(reason) }
        defer { close(file) }
        var status = stat()
        guard fstat(file, &status) == 0 else { throw .unreadable(reason) }
        guard status.st_mode & S_IFMT == S_IFREG else { throw .unreadable("it is no regular file") }
        if let fault = check(status) { throw .unreadable(fault) }
        return try body(file, status)
    }

    private static func read(
        _ file: CInt, into bytes: UnsafeMutableRawBufferPointer, limit: Int
    ) throws(Failure) -> Int {
        var count = 0
        while true {
            // Once there is no room left, for one byte more, which there must not be.
            var excess: UInt8 = 0
            let rest = UnsafeMutableRawBufferPointer(rebasing: bytes[count...])
            let got = rest.isEmpty ? Glibc.read(file, &excess, 1) : Glibc.read(file, rest.baseAddress, rest.count)
            if got < 0, errno == EINTR { continue }
            guard got >= 0 else { throw .unreadable(reason) }
            if got == 0 { return count }
            guard !rest.isEmpty else {
                throw bytes.count < limit ? .unreadable("it grows while it is read") : .tooLarge(limit: limit)
            }
            count += got
        }
    }

    private static var reason: String { String(cString: strerror(errno)) }
}
