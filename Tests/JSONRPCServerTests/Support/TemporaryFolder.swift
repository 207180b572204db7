import Glibc

/// A folder of its own for a test, with a path short enough for sockets in it.
struct TemporaryFolder {
    let path: String

    init() throws {
        var template = Array("/tmp/imattrd-test.XXXXXX".utf8CString)
        guard withoutBinding({ mkdtemp(&template) != nil }) else { throw SystemFailure("mkdtemp") }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// Removes the folder and the files in it.
    func remove() {
        for name in names { unlink("\(path)/\(name)") }
        rmdir(path)
    }

    /// What is in the folder.
    var names: [String] {
        guard let folder = opendir(path) else { return [] }
        defer { closedir(folder) }
        var names: [String] = []
        while let entry = readdir(folder) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }
}

/// A system call that failed.
struct SystemFailure: Error, CustomStringConvertible {
    let description: String

    init(_ call: String) { description = "\(call): \(String(cString: strerror(errno)))" }
}
