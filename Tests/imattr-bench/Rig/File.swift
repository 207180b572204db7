import Glibc

/// Small files, whole.
enum File {
    /// What went wrong with a file, for a person.
    struct Failure: Error, CustomStringConvertible {
        var path: String
        var code: Int32
        var description: String { "\(path): \(String(cString: strerror(code)))" }
    }

    /// The content. Files of /proc too, which do not say how long they are.
    static func text(_ path: String) throws -> String {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Failure(path: path, code: errno) }
        defer { close(descriptor) }
        var content: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = read(descriptor, &buffer, buffer.count)
            guard count >= 0 else { throw Failure(path: path, code: errno) }
            if count == 0 { return String(decoding: content, as: UTF8.self) }
            content += buffer.prefix(count)
        }
    }
}
