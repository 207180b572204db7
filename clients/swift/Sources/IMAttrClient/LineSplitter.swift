import Glibc
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
        let end = Self.firstLineFeed(buffer)
        let length = end ?? buffer.readableBytes
        guard line.count + length <= limit else { throw LineTooLong() }
        buffer.withUnsafeReadableBytes { line.append(contentsOf: $0.prefix(length)) }
        buffer.moveReaderIndex(forwardBy: length + (end == nil ? 0 : 1))
        guard end != nil else { return nil }
        defer { line = [] }
        return line
    }

    private static func firstLineFeed(_ buffer: ByteBuffer) -> Int? {
        buffer.withUnsafeReadableBytes { bytes in
            guard let start = bytes.baseAddress else { return nil }
            return memchr(start, CInt(UInt8(ascii: "\n")), bytes.count).map { UnsafeRawPointer($0) - start }
        }
    }
}
