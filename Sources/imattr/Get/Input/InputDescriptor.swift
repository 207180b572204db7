import Dispatch
import Glibc
import Synchronization

/// An open file or pipe that is read, with waiting that can be given up: a pipe may have nothing to say for hours.
///
/// It lives as long as the program does, or closes with its last holder.
final class InputDescriptor: Sendable {
    private static let pieceSize = 64 << 10
    /// Waiting blocks a thread, so it has threads of its own.
    private static let waiters = DispatchQueue(label: "imattr input", attributes: .concurrent)

    let name: String
    private let descriptor: CInt
    private let isOwned: Bool
    /// A pipe: the first end is readable once waiting is to be given up.
    private let bell: (CInt, CInt)
    /// Whether there is always something to read, or the end.
    private let isFile: Bool
    /// How many bytes may still be read; nil if it is not bounded.
    private let left: Mutex<Int>?
    /// How many bytes there are; nil if that is known only at the end.
    let size: Int?

    /// What is piped in.
    static func standardInput() -> InputDescriptor {
        InputDescriptor(name: "standard input", descriptor: STDIN_FILENO, isOwned: false)
    }

    /// Opens a file, a pipe with a name, or a device.
    ///
    /// - Parameter length: How much is read of it at most; nil for all.
    static func open(_ path: String, length: Int? = nil) throws(InputError) -> InputDescriptor {
        let descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY)
        guard descriptor >= 0 else { throw .unreadable(name: path, errno: errno) }
        return InputDescriptor(name: path, descriptor: descriptor, isOwned: true, length: length)
    }

    private init(name: String, descriptor: CInt, isOwned: Bool, length: Int? = nil) {
        self.name = name
        self.descriptor = descriptor
        self.isOwned = isOwned
        left = length.map { Mutex($0) }
        var status = stat()
        let isFile = fstat(descriptor, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
        self.isFile = isFile
        let start = isFile ? max(lseek(descriptor, 0, SEEK_CUR), 0) : 0
        size = isFile ? max(Int(status.st_size) - Int(start), 0) : nil
        var ends: [CInt] = [-1, -1]
        // Without one, waiting cannot be given up, which is no reason not to read.
        pipe(&ends)
        bell = (ends[0], ends[1])
    }

    deinit {
        close(bell.0)
        close(bell.1)
        if isOwned { close(descriptor) }
    }

    /// Whether reading would not wait.
    var isReady: Bool { isFile || poll(timeout: 0) }

    /// The next piece; empty at the end.
    ///
    /// - Throws: ``InputError``, and `CancellationError` if the task is cancelled while it waits.
    func read() async throws -> [UInt8] {
        while true {
            if !isFile { try await wait() }
            var failure: CInt = 0
            let most = left?.withLock { min($0, Self.pieceSize) } ?? Self.pieceSize
            let piece = [UInt8](unsafeUninitializedCapacity: most) { buffer, count in
                let received = SystemCall.read(descriptor, buffer.baseAddress, most)
                if received < 0 { failure = errno }
                count = max(received, 0)
            }
            if failure == 0 {
                left?.withLock { $0 -= piece.count }
                return piece
            }
            if failure != EINTR && failure != EAGAIN { throw InputError.unreadable(name: name, errno: failure) }
        }
    }

    private func wait() async throws {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                Self.waiters.async {
                    _ = self.poll(timeout: -1)
                    continuation.resume()
                }
            }
        } onCancel: {
            _ = SystemCall.write(bell.1, [1], 1)
        }
        try Task.checkCancellation()
    }

    private func poll(timeout: CInt) -> Bool {
        var descriptors = [
            pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0),
            pollfd(fd: bell.0, events: Int16(POLLIN), revents: 0),
        ]
        while Glibc.poll(&descriptors, 2, timeout) < 0, errno == EINTR {}
        return descriptors[0].revents != 0
    }
}
