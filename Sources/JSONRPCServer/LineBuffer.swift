import JSONTokens
import NIOCore

/// Cuts a stream of bytes into lines, in bounded memory.
struct LineBuffer {
    /// What can be taken from a buffer.
    enum Piece: Equatable {
        /// A line without its end (`\n` or `\r\n`).
        case line([UInt8])
        /// A line that is longer than allowed.
        case tooLong
    }

    /// Bytes that a line may have, without its end.
    let limit: Int
    private var bytes = ByteBuffer()
    /// Bytes from the reader index in which no line feed has been found.
    private var searched = 0

    init(limit: Int) { self.limit = limit }

    /// Bytes that wait for the end of their line.
    var count: Int { bytes.readableBytes }

    /// Whether there may be a whole line.
    var mayHaveLine: Bool { searched < bytes.readableBytes }

    mutating func append(_ more: ByteBuffer) {
        if bytes.readableBytes == 0 { bytes = more } else { bytes.writeImmutableBuffer(more) }
    }

    /// The next whole line; nil if there is none yet.
    /// - Parameter pool: Where the memory of the line comes from.
    @inline(__always)
    mutating func next(from pool: inout LinePool) -> Piece? {
        guard let length = bytes.readableBytesUInt8Span.firstLineFeed(from: searched) else {
            searched = bytes.readableBytes
            // One byte more may be the `\r` of an end of line.
            return bytes.readableBytes > limit + 1 ? .tooLong : nil
        }
        searched = 0
        let line = take(length, into: pool.take())
        bytes.moveReaderIndex(forwardBy: 1)
        return line.count > limit ? .tooLong : .line(line)
    }

    /// What is left when no more bytes come: a last line without its end; nil if there is nothing.
    mutating func last() -> Piece? {
        guard bytes.readableBytes > 0 else { return nil }
        let line = take(bytes.readableBytes, into: [])
        searched = 0
        return line.count > limit ? .tooLong : .line(line)
    }

    mutating func removeAll() { (bytes, searched) = (ByteBuffer(), 0) }

    /// To be called when lines have been taken: a connection that waits for the rest of a short line must not hold the
    /// large buffer that its beginning came in, nor all the lines that were before it.
    mutating func releaseMemory() {
        guard bytes.storageCapacity > max(4 * bytes.readableBytes, Self.keptCapacity) else { return }
        bytes = bytes.readableBytes == 0 ? ByteBuffer() : ByteBuffer(bytes: bytes.readableBytesView)
    }

    /// Bytes of memory that are held.
    var capacity: Int { bytes.storageCapacity }

    private static let keptCapacity = 512

    private mutating func take(_ length: Int, into memory: consuming [UInt8]) -> [UInt8] {
        var line = memory
        // Inside the bounds, and copied as a whole. NIO's view of the bytes costs 130 instructions more for a `ping`
        // (`Tests/Comparisons/instructions`).
        unsafe bytes.readWithUnsafeReadableBytes { all in
            unsafe line.replaceSubrange(line.indices, with: UnsafeRawBufferPointer(rebasing: all[..<length]))
            return length
        }
        if line.last == UInt8(ascii: "\r") { line.removeLast() }
        return line
    }
}

/// Memory of a line that was answered, used again for the next line: most lines are short, and need no memory of their own.
///
/// The connections of a server share one pool, since only one of them takes a line at a time.
struct LinePool {
    private var spare: [UInt8] = []
    /// Bytes of the largest line whose memory is kept.
    private static let largestKept = 4096

    /// Memory for a line, with contents that do not matter.
    mutating func take() -> [UInt8] {
        var line: [UInt8] = []
        swap(&line, &spare)
        return line
    }

    /// Offers a line whose memory may be used for another. While a request still holds the line, its memory is not used.
    mutating func giveBack(_ line: [UInt8]) {
        if line.capacity <= Self.largestKept { spare = line }
    }
}
