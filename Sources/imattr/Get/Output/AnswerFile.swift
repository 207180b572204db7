import Glibc

/// The file of `--output`. It has whole lines or a whole document at any time that matters.
final class AnswerFile {
    /// What the name of a file ends in until it is complete.
    static let partialSuffix = ".partial"

    /// The name that was given.
    let path: String
    let descriptor: CInt
    /// Where it is written until it is complete; nil if it is written in place.
    private let partialPath: String?

    /// A new file, which gets its name when it is complete: until then it is called so with `.partial` after it. What is no file (a
    /// pipe, a device) is written as it is.
    static func whole(_ path: String) throws(OutputError) -> AnswerFile {
        var status = stat()
        if stat(path, &status) == 0, status.st_mode & S_IFMT != S_IFREG {
            return AnswerFile(path, try open(path, O_WRONLY), partialPath: nil)
        }
        let real = FilePath.real(path)
        let partialPath = real + partialSuffix
        let descriptor = try open(partialPath, O_WRONLY | O_CREAT)
        do throws(OutputError) {
            try lock(descriptor, partialPath)
            guard ftruncate(descriptor, 0) == 0 else { throw OutputError(partialPath, errno: errno) }
        } catch {
            close(descriptor)
            throw error
        }
        return AnswerFile(real, descriptor, partialPath: partialPath)
    }

    /// A file that is written in place, and continued: what is in it after `length` bytes is cut off.
    ///
    /// - Parameter length: nil if there must be nothing yet.
    static func continued(_ path: String, length: Int?) throws -> AnswerFile {
        let descriptor = try open(path, O_RDWR | O_CREAT)
        do {
            try lock(descriptor, path)
            let size = Int(lseek(descriptor, 0, SEEK_END))
            guard let length else {
                guard size == 0 else { throw ResumeError.outputExists(path) }
                return AnswerFile(path, descriptor, partialPath: nil)
            }
            guard size >= length, endsLine(descriptor, length) else { throw ResumeError.otherOutput(path) }
            guard ftruncate(descriptor, length) == 0, lseek(descriptor, length, SEEK_SET) == length else {
                throw OutputError(path, errno: errno)
            }
        } catch {
            close(descriptor)
            throw error
        }
        return AnswerFile(path, descriptor, partialPath: nil)
    }

    private init(_ path: String, _ descriptor: CInt, partialPath: String?) {
        self.path = path
        self.descriptor = descriptor
        self.partialPath = partialPath
    }

    deinit { close(descriptor) }

    /// The file's name as it is now.
    var presentPath: String { partialPath ?? path }

    /// Bytes written so far.
    var length: Int { Int(lseek(descriptor, 0, SEEK_CUR)) }

    /// Cuts off what is beyond a length. If that fails too, the end stays torn, which `--resume` repairs.
    func cut(to length: Int) { _ = ftruncate(descriptor, length) }

    /// Has the disk keep what was written.
    func synchronize() throws(OutputError) {
        // What is no file cannot, and need not.
        guard fsync(descriptor) == 0 || errno == EINVAL || errno == ENOTSUP || errno == EROFS else {
            throw OutputError(presentPath, errno: errno)
        }
    }

    /// Gives the file its name.
    func complete() throws(OutputError) {
        try synchronize()
        guard let partialPath else { return }
        guard rename(partialPath, path) == 0 else { throw OutputError(path, errno: errno) }
    }

    /// Leaves the file as it is; a new one that nothing was written to is removed.
    func leave() throws(OutputError) {
        if let partialPath, length == 0 { unlink(partialPath) } else { try synchronize() }
    }

    // MARK: System calls

    private static func open(_ path: String, _ flags: CInt) throws(OutputError) -> CInt {
        let descriptor = Glibc.open(path, flags | O_CLOEXEC | O_NOCTTY, 0o666)
        guard descriptor >= 0 else { throw OutputError(path, errno: errno) }
        return descriptor
    }

    private static func lock(_ descriptor: CInt, _ path: String) throws(OutputError) {
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let isBusy = errno == EWOULDBLOCK
            throw OutputError(isBusy ? "\(path), to which another imattr writes" : path, errno: errno)
        }
    }

    private static func endsLine(_ descriptor: CInt, _ length: Int) -> Bool {
        var last: UInt8 = 0
        return length == 0 || pread(descriptor, &last, 1, length - 1) == 1 && last == UInt8(ascii: "\n")
    }
}
