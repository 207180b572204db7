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

/// A folder of this user alone (mode 0700), to be removed with all that is in it.
struct TemporaryFolder {
    let path: String

    init() throws {
        let parent = ProcessInfo.processInfo.environment["TMPDIR"] ?? "/tmp"
        var template = Array("\(parent)/imattr-sandbox.XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw File.Failure(path: parent, code: errno) }
        path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    func path(_ name: String) -> String { "\(path)/\(name)" }

    /// Writes a file that only we may read, and returns its path.
    func write(_ text: String, to name: String) throws -> String {
        try File.write(text, to: path(name), mode: 0o600)
        return path(name)
    }

    func remove() {
        // A folder that was removed already does no harm.
        try? FileManager.default.removeItem(atPath: path)
    }
}
