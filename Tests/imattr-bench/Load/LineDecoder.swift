import Glibc
import NIOCore

/// Cuts a stream into lines, without their ends.
struct LineDecoder: ByteToMessageDecoder {
    typealias InboundOut = ByteBuffer

    /// Bytes of the unfinished line that were looked at already: an answer may come in many pieces.
    private var seen = 0

    mutating func decode(context: ChannelHandlerContext, buffer: inout ByteBuffer) -> DecodingState {
        let length = buffer.withUnsafeReadableBytes { bytes -> Int? in
            guard let start = bytes.baseAddress,
                let end = memchr(start + seen, Int32(UInt8(ascii: "\n")), bytes.count - seen)
            else { return nil }
            return UnsafeRawPointer(end) - start
        }
        guard let length, let line = buffer.readSlice(length: length) else {
            seen = buffer.readableBytes
            return .needMoreData
        }
        buffer.moveReaderIndex(forwardBy: 1)
        seen = 0
        context.fireChannelRead(wrapInboundOut(line))
        return .continue
    }

    mutating func decodeLast(
        context: ChannelHandlerContext, buffer: inout ByteBuffer, seenEOF: Bool
    ) -> DecodingState {
        while decode(context: context, buffer: &buffer) == .continue {}
        return .needMoreData
    }
}
