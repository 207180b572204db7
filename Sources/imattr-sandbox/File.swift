import FoundationEssentials
import Glibc

/// Small files, whole.
enum File {
    /// What went wrong with a file, for a person.
    struct Failure: Error, CustomStringConvertible {
        var path: String
        var code: Int32
        var description: String { "\(path): \(String(cString: strerror(code)))" }
    }

    /// The content, which must be UTF-8.
    static func text(_ path: String) throws -> String {
        guard access(path, R_OK) == 0 else { throw Failure(path: path, code: errno) }
        guard let data = FileManager.default.contents(atPath: path), let text = String(validating: data, as: UTF8.self)
        else { throw Failure(path: path, code: EILSEQ) }
        return text
    }

    /// Writes a file that has the `mode` from its first byte on.
    static func write(_ text: String, to path: String, mode: mode_t) throws {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode)
        guard descriptor >= 0 else { throw Failure(path: path, code: errno) }
        defer { close(descriptor) }
        let bytes = Array(text.utf8)
        guard Glibc.write(descriptor, bytes, bytes.count) == bytes.count else { throw Failure(path: path, code: errno) }
    }
}
