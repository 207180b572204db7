import JSONTokens
import NIOCore

/// Cuts what arrives into lines. Each byte is looked at and copied once, however large a line grows.
struct LineSplitter {
    /// A line passed the limit.
    struct LineTooLong: Error {}

    /// Bytes that a line may have.
    let limit: Int
    private var line: [UInt8] = []

    init(limit: Int) { self.limit = limit }

    /// Takes bytes from the buffer up to the end of a line, and gives that line without its end; nil once all are taken.
    mutating func next(_ buffer: inout ByteBuffer) throws(LineTooLong) -> [UInt8]? {
        let end = buffer.readableBytesUInt8Span.firstLineFeed()
        let length = end ?? buffer.readableBytes
        guard line.count + length <= limit else { throw LineTooLong() }
        line += buffer.readableBytesView.prefix(length)
        buffer.moveReaderIndex(forwardBy: length + (end == nil ? 0 : 1))
        guard end != nil else { return nil }
        defer { line = [] }
        return line
    }
}
