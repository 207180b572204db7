/// Cuts what a client sends into lines, of at most ``limit`` bytes each. A value without input or output.
///
/// It never holds more than one line and its end: a client that sends on while its line is answered waits in the kernel.
struct LineReader: Sendable {
    /// Bytes that a line may have, without its end.
    static let limit = 1024

    /// What was sent.
    enum Line: Hashable, Sendable {
        /// A line, without its end.
        case line([UInt8])
        /// More than a line may have. Nothing is read after it.
        case tooLong
    }

    private enum State {
        case reading([UInt8])
        case over
    }

    private var state = State.reading([])

    /// Bytes that may be read now; 0 when nothing is to be read any more, or the line that is there is to be taken first.
    var room: Int {
        switch state {
        case .reading(let bytes): Self.limit + 1 - bytes.count
        case .over: 0
        }
    }

    /// Adds what was read: ``room`` bytes at most.
    mutating func append(_ bytes: some Collection<UInt8>) {
        guard case .reading(let held) = state else { return }
        precondition(bytes.count <= room, "more bytes than there is room for")
        state = .reading(held + bytes)
    }

    /// Takes the next line out that is not blank; nil if none is whole yet.
    mutating func next() -> Line? {
        guard case .reading(var bytes) = state else { return nil }
        while let end = bytes.firstIndex(of: UInt8(ascii: "\n")) {
            var line = bytes[..<end]
            if line.last == UInt8(ascii: "\r") { line.removeLast() }
            let rest = Array(bytes[(end + 1)...])
            state = .reading(rest)
            if line.contains(where: { $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: "\t") }) {
                return .line(Array(line))
            }
            bytes = rest
        }
        guard bytes.count > Self.limit else { return nil }
        state = .over
        return .tooLong
    }
}
