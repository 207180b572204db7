import Glibc

/// A folder for one test's files; goes away with its last reference.
final class ConfigurationFolder: Sendable {
    let path: String

    init() throws {
        var template = Array("/tmp/configuration-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw Failure(code: errno) }
        path = String(decoding: template.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit { Self.remove(path) }

    struct Failure: Error { let code: CInt }

    /// Writes a file and gives its path.
    func write(_ bytes: some Sequence<UInt8>, to name: String, mode: mode_t = 0o600) throws -> String {
        let path = path + "/" + name
        let file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw Failure(code: errno) }
        defer { close(file) }
        let bytes = Array(bytes)
        guard Glibc.write(file, bytes, bytes.count) == bytes.count, fchmod(file, mode) == 0 else {
            throw Failure(code: errno)
        }
        return path
    }

    /// Makes a folder in it and gives its path.
    func makeFolder(_ name: String) throws -> String {
        let path = path + "/" + name
        guard mkdir(path, 0o755) == 0 else { throw Failure(code: errno) }
        return path
    }

    /// Makes a named pipe and gives its path.
    func makePipe(_ name: String) throws -> String {
        let path = path + "/" + name
        guard mkfifo(path, 0o600) == 0 else { throw Failure(code: errno) }
        return path
    }

    private static func remove(_ path: String) {
        if let directory = opendir(path) {
            var names: [String] = []
            while let entry = readdir(directory) {
                names.append(
                    withUnsafeBytes(of: entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
                )
            }
            closedir(directory)
            for name in names where name != "." && name != ".." { remove(path + "/" + name) }
            rmdir(path)
        } else {
            unlink(path)
        }
    }
}
