import AttributeDaemon
import Glibc

/// The configurations of other instances, beside a file.
struct ConfigurationFolder {
    private let folder: String
    private let file: String

    init(of path: String) {
        let slash = path.lastIndex(of: "/")
        folder = slash.map { String(path[..<$0]) } ?? "."
        file = slash.map { String(path[path.index(after: $0)...]) } ?? path
    }

    /// The other files there that name this app.
    func files(withApp app: UInt64) -> [String] {
        names.filter { $0.hasSuffix(".yaml") && $0 != file }.map { folder + "/" + $0 }.filter { path in
            let entry = YAMLFile.read(path)?.entries.first { $0.name == ConfigurationKey.sdkAppId.rawValue }
            return entry?.entry.text == String(app)
        }
    }

    private var names: [String] {
        guard let directory = opendir(folder.isEmpty ? "/" : folder) else { return [] }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            names.append(
                withUnsafeBytes(of: entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) })
        }
        return names.sorted()
    }
}
