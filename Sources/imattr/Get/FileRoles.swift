import Glibc

/// The files of a run, and what each is for: none that is written may be another one of them, or its text is lost without a word.
struct FileRoles {
    /// A file of a run.
    struct File {
        /// What a person calls it, as in `--output x.csv`.
        let name: String
        let isWritten: Bool
        fileprivate let identity: FileIdentity?
    }

    private var files: [File] = []

    /// Adds a file that is read.
    mutating func reads(_ path: String, as name: String) { add(name, isWritten: false, FileIdentity(path: path)) }

    /// Adds standard input or output.
    mutating func uses(_ descriptor: CInt, as name: String, isWritten: Bool) {
        add(name, isWritten: isWritten, FileIdentity(descriptor: descriptor))
    }

    /// Adds a file that is written, and the one beside it in which its next text is made.
    ///
    /// - Parameter suffix: What the name of that one ends in; nil if there is none.
    mutating func writes(_ path: String, as name: String, besideIt suffix: String? = nil) {
        let identity = FileIdentity(path: path)
        add(name, isWritten: true, identity)
        guard let suffix, identity?.canBeReplaced == true else { return }
        let beside = FilePath.real(path) + suffix
        add("\(beside), in which it is made", isWritten: true, FileIdentity(path: beside))
    }

    private mutating func add(_ name: String, isWritten: Bool, _ identity: FileIdentity?) {
        files.append(File(name: name, isWritten: isWritten, identity: identity))
    }

    /// The first two that are one file though at least one is written.
    var clash: (File, File)? {
        for (index, file) in files.enumerated() {
            guard let identity = file.identity else { continue }
            for other in files[..<index] where other.identity == identity && (file.isWritten || other.isWritten) {
                return (other, file)
            }
        }
        return nil
    }
}

/// Which file a path or a descriptor leads to, whatever it is called.
private enum FileIdentity: Hashable {
    /// One that is there. Its device and number are the same for every name of it.
    case present(device: dev_t, number: ino_t, canBeReplaced: Bool)
    /// One that is not there yet: its folder, and its name in it.
    case absent(device: dev_t, folder: ino_t, name: String)

    /// Nil if it cannot be known, which opening it will show, or if what is written to it is not what is read from it: a terminal, /dev/null,
    /// a socket.
    init?(path: String) {
        var status = stat()
        if stat(path, &status) == 0 {
            self.init(status)
            return
        }
        // A path may end in links whose end is not there; opening it for writing would make that end.
        let path = FilePath.real(path)
        let slash = path.lastIndex(of: "/")
        let folder = slash.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        guard stat(folder, &status) == 0 else { return nil }
        let name = slash.map { String(path[path.index(after: $0)...]) } ?? path
        self = .absent(device: status.st_dev, folder: status.st_ino, name: name)
    }

    init?(descriptor: CInt) {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { return nil }
        self.init(status)
    }

    private init?(_ status: stat) {
        let kind = status.st_mode & S_IFMT
        if kind == S_IFCHR || kind == S_IFSOCK { return nil }
        self = .present(device: status.st_dev, number: status.st_ino, canBeReplaced: kind == S_IFREG)
    }

    /// Whether it is, or becomes, a regular file.
    var canBeReplaced: Bool {
        switch self {
        case .present(_, _, let canBeReplaced): canBeReplaced
        case .absent: true
        }
    }
}

/// Names of files.
enum FilePath {
    private static let mostLinks = 40

    /// The path of what a symbolic link leads to, so that the link stays one; any other path as it is. The end of a link need not be there.
    static func real(_ path: String) -> String {
        if let real = realpath(path, nil) {
            defer { free(real) }
            return String(cString: real)
        }
        var path = path
        for _ in 0..<mostLinks {
            guard let target = target(of: path) else { break }
            let folder = path.lastIndex(of: "/").map { path[...$0] } ?? ""
            path = target.hasPrefix("/") ? target : folder + target
        }
        return path
    }

    private static func target(of path: String) -> String? {
        var bytes = [CChar](repeating: 0, count: Int(PATH_MAX))
        let length = readlink(path, &bytes, bytes.count)
        return length > 0 ? String(decoding: bytes.prefix(length).map(UInt8.init(bitPattern:)), as: UTF8.self) : nil
    }
}
