import FoundationEssentials
import Glibc

/// A folder of ours alone (mode 0700), to be removed with all that is in it.
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
        // A folder that somebody else has removed already is no harm.
        try? FileManager.default.removeItem(atPath: path)
    }
}
