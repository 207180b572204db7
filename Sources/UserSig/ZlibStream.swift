import CZlib

/// Whole zlib streams (RFC 1950), in memory.
enum ZlibStream {
    /// `bytes` as a zlib stream.
    static func compress(_ bytes: [UInt8]) -> [UInt8] {
        var count = compressBound(uLong(bytes.count))
        var stream = [UInt8](repeating: 0, count: Int(count))
        let status = compress2(&stream, &count, bytes, uLong(bytes.count), Z_DEFAULT_COMPRESSION)
        // The buffer has the bound that zlib itself gave, so only a lack of memory is left, which traps elsewhere too.
        precondition(status == Z_OK, "zlib has no memory")
        return Array(stream.prefix(Int(count)))
    }

    /// What `stream` holds; nil if it is not one whole zlib stream and nothing else, or holds more than `limit` bytes.
    ///
    /// Never more than `limit` bytes of memory are used, whatever a hostile stream would expand to.
    static func inflate(_ stream: [UInt8], limit: Int) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: limit)
        var count = uLong(limit)
        var read = uLong(stream.count)
        guard uncompress2(&bytes, &count, stream, &read) == Z_OK, read == uLong(stream.count) else { return nil }
        return Array(bytes.prefix(Int(count)))
    }
}
