import Glibc

/// Reads files that are small and decide much.
enum SmallFile {
    /// Why a file cannot be read.
    enum Failure: Error, CustomStringConvertible {
        case missing
        case unreadable(String)
        case tooLarge(limit: Int)

        var description: String {
            switch self {
            case .missing: "no such file"
            case .unreadable(let reason): "cannot be read: \(reason)"
            case .tooLarge(let limit): "is larger than \(limit) bytes"
            }
        }
    }

    /// The bytes of a regular file, of `limit` bytes at most.
    static func read(_ path: String, limit: Int, check: (stat) -> String? = { _ in nil }) -> Result<[UInt8], Failure> {
        let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard file >= 0 else { return .failure(errno == ENOENT ? .missing : .unreadable(reason)) }
        defer { close(file) }
        var status = stat()
        guard fstat(file, &status) == 0 else { return .failure(.unreadable(reason)) }
        guard status.st_mode & S_IFMT == S_IFREG else { return .failure(.unreadable("it is no regular file")) }
        if let fault = check(status) { return .failure(.unreadable(fault)) }
        var bytes = [UInt8](repeating: 0, count: limit + 1)
        var count = 0
        while count <= limit {
            let got = bytes.withUnsafeMutableBytes {
                Glibc.read(file, $0.baseAddress?.advanced(by: count), $0.count - count)
            }
            if got < 0, errno == EINTR { continue }
            guard got >= 0 else { return .failure(.unreadable(reason)) }
            if got == 0 { return .success(Array(bytes[..<count])) }
            count += got
        }
        return .failure(.tooLarge(limit: limit))
    }

    private static var reason: String { String(cString: strerror(errno)) }
}
