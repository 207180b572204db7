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
        let view = buffer.readableBytesView
        let end = view.firstIndex(of: UInt8(ascii: "\n"))
        let piece = view[..<(end ?? view.endIndex)]
        guard line.count + piece.count <= limit else { throw LineTooLong() }
        line.append(contentsOf: piece)
        buffer.moveReaderIndex(forwardBy: piece.count + (end == nil ? 0 : 1))
        guard end != nil else { return nil }
        defer { line = [] }
        return line
    }
}
