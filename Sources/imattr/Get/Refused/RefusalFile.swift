import Glibc
import IMAttrClient

/// The file of `--errors`: the refused accounts, as lines of JSON.
///
/// With `--resume` it is also what the next run asks for again. Each run asks for what was listed at its beginning, and lists what is
/// refused again at the end; the first `retried` lines are done with, and are removed when the run ends.
final class RefusalFile {
    private var file: AnswerFile
    private var output: StandardOutput
    private var digest: ByteDigest

    /// A new list, which gets its name when it is complete.
    static func whole(_ path: String) throws(OutputError) -> RefusalFile {
        RefusalFile(try AnswerFile.whole(path), ByteDigest())
    }

    /// A list that is gone on with.
    ///
    /// - Parameter state: What is known of it; nil if there must be nothing yet.
    static func continued(_ path: String, from state: RefusedState?) throws -> RefusalFile {
        let path = FilePath.real(path)
        guard let state else { return RefusalFile(try .continued(path, length: nil), ByteDigest()) }
        var digest = try ByteDigest(of: path, length: state.bytes)
        if digest?.value != state.digest {
            // It was ended after the state was noted, and before the shorter list got its name.
            let next = path + ResumeState.nextSuffix
            digest = try ByteDigest(of: next, length: state.bytes)
            guard let digest, digest.value == state.digest else { throw ResumeError.otherOutput(path) }
            guard rename(next, path) == 0 else { throw OutputError(path, errno: errno) }
        }
        return RefusalFile(try .continued(path, length: state.bytes), digest ?? ByteDigest())
    }

    private init(_ file: AnswerFile, _ digest: ByteDigest) {
        self.file = file
        self.digest = digest
        output = StandardOutput(descriptor: file.descriptor, name: file.presentPath)
    }

    /// The list's present name.
    var presentPath: String { file.presentPath }

    /// Its final name.
    var path: String { file.path }

    /// What a later run has to know.
    ///
    /// - Parameter retried: Lines that have been asked for again.
    func state(retried: Int) -> RefusedState {
        RefusedState(path: file.path, bytes: file.length, retried: retried, digest: digest.value)
    }

    func append(_ refused: [Refusal]) throws(OutputError) {
        for refusal in refused {
            let line = refusal.json + [UInt8(ascii: "\n")]
            digest.mix(line)
            try output.write(line)
        }
        try output.flush()
    }

    func synchronize() throws(OutputError) { try file.synchronize() }

    func complete() throws(OutputError) { try file.complete() }

    func leave() throws(OutputError) { try file.leave() }

    /// Takes the first lines away, in three steps of which each leaves what the next run needs: the shorter list beside the old one, the
    /// state of it, and its name.
    ///
    /// - Parameter note: Writes the state.
    func removeLines(_ count: Int, _ note: (RefusedState) throws -> Void) throws {
        guard count > 0 else { return }
        let next = file.path + ResumeState.nextSuffix
        unlink(next)
        let shorter = RefusalFile(try .continued(next, length: nil), ByteDigest())
        try copyLines(after: count, to: shorter)
        try shorter.synchronize()
        let state = shorter.state(retried: 0)
        try note(RefusedState(path: file.path, bytes: state.bytes, retried: 0, digest: state.digest))
        guard rename(next, file.path) == 0 else { throw OutputError(file.path, errno: errno) }
    }

    private func copyLines(after count: Int, to other: RefusalFile) throws {
        var left = count
        try FileDescriptor.read(file.path, length: file.length) { piece in
            var rest = piece[...]
            while left > 0, let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
                rest = rest[(end + 1)...]
                left -= 1
            }
            guard left == 0, !rest.isEmpty else { return }
            other.digest.mix(rest)
            try FileDescriptor.write(Array(rest), to: other.file.descriptor, name: other.presentPath)
        }
    }
}

/// What is known of a list of refused accounts.
struct RefusedState: Hashable, Sendable {
    /// The list's name.
    let path: String
    /// Bytes of it that hold whole lines.
    let bytes: Int
    /// Lines that have been asked for again.
    let retried: Int
    /// The digest of those bytes.
    let digest: UInt128
}

/// A digest (FNV-1a, 128 bits) of bytes. It finds mistakes, not malice.
struct ByteDigest {
    private(set) var value: UInt128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d
    private static let prime: UInt128 = 0x0000_0000_0100_0000_0000_0000_0000_013b

    init() {}

    /// One that is gone on with.
    init(value: UInt128) { self.value = value }

    /// Of the beginning of a file; nil if it is shorter, or not there.
    init?(of path: String, length: Int) throws {
        var status = stat()
        guard stat(path, &status) == 0, status.st_size >= length else { return nil }
        try FileDescriptor.read(path, length: length) { mix($0) }
    }

    mutating func mix(_ byte: UInt8) { value = (value ^ UInt128(byte)) &* Self.prime }

    mutating func mix(_ bytes: some Sequence<UInt8>) { for byte in bytes { mix(byte) } }
}

extension FileDescriptor {
    /// Reads the beginning of a file, piece by piece.
    static func read(_ path: String, length: Int, _ take: ([UInt8]) throws -> Void) throws {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw InputError.unreadable(name: path, errno: errno) }
        defer { close(descriptor) }
        var left = length
        while left > 0 {
            let piece = [UInt8](unsafeUninitializedCapacity: min(left, 64 << 10)) { buffer, count in
                count = max(SystemCall.read(descriptor, buffer.baseAddress, buffer.count), 0)
            }
            if piece.isEmpty { throw InputError.unreadable(name: path, errno: EIO) }
            left -= piece.count
            try take(piece)
        }
    }
}
