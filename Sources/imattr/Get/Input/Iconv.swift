import Glibc

/// Turns text of any encoding that the C library knows into UTF-8, piece by piece.
final class Iconv {
    /// The encoding's name is not known here.
    struct Unknown: Error {}

    /// What cannot be converted.
    struct Malformed: Error, Hashable {
        /// Bytes before it.
        let offset: Int
        /// Whether the text ends inside a character.
        let isCut: Bool
    }

    /// What both `iconv_open` and `iconv` return when they fail: (size_t)-1.
    private static let failure = UInt.max

    private let handle: iconv_t
    /// The beginning of a character whose end has not come yet.
    private var rest: [UInt8] = []
    private var offset = 0

    init(from encoding: String) throws(Unknown) {
        // Names with a slash would choose what happens to characters that do not fit, and an empty one is the locale's.
        guard !encoding.isEmpty, !encoding.contains("/"), let handle = iconv_open("UTF-8", encoding),
            UInt(bitPattern: handle) != Self.failure
        else { throw Unknown() }
        self.handle = handle
    }

    deinit { iconv_close(handle) }

    /// Converts the next piece.
    func convert(_ piece: ArraySlice<UInt8>) throws(Malformed) -> [UInt8] {
        var input = rest + piece
        var converted: [UInt8] = []
        // The longest character of UTF-8 that a byte can become has four.
        var output = [UInt8](repeating: 0, count: max(input.count * 4, 64))
        var (used, failure): (Int, CInt) = (0, 0)
        repeat {
            let (taken, made) = step(&input, from: used, &output, &failure)
            used += taken
            converted += output[..<made]
        } while failure == E2BIG
        offset += used
        rest = Array(input[used...])
        if failure == EILSEQ { throw Malformed(offset: offset, isCut: false) }
        return converted
    }

    /// Takes note that nothing more comes.
    func end() throws(Malformed) {
        guard rest.isEmpty else { throw Malformed(offset: offset, isCut: true) }
    }

    /// One call of `iconv`; gives the bytes it has taken and made.
    private func step(
        _ input: inout [UInt8], from start: Int, _ output: inout [UInt8], _ failure: inout CInt
    ) -> (Int, Int) {
        let (available, room) = (input.count - start, output.count)
        var (left, free) = (available, room)
        input.withUnsafeMutableBytes { input in
            output.withUnsafeMutableBytes { output in
                var from = input.baseAddress?.assumingMemoryBound(to: CChar.self).advanced(by: start)
                var to = output.baseAddress?.assumingMemoryBound(to: CChar.self)
                failure = UInt(bitPattern: iconv(handle, &from, &left, &to, &free)) == Self.failure ? errno : 0
            }
        }
        return (available - left, room - free)
    }
}
