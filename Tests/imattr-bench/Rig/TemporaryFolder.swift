import FoundationEssentials
import Glibc

/// A folder of ours alone (mode 0700), to be removed with all that is in it.
struct TemporaryFolder: Sendable {
    let path: String

    init() throws {
        let parent = ProcessInfo.processInfo.environment["TMPDIR"] ?? "/tmp"
        var template = Array("\(parent)/imattr-bench.XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw File.Failure(path: parent, code: errno) }
        path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    func path(_ name: String) -> String { "\(path)/\(name)" }

    func remove() {
        // A folder that somebody else has removed already is no harm.
        try? FileManager.default.removeItem(atPath: path)
    }
}
