/// Takes secrets out of text that came from outside, so that it can be shown.
///
/// The text may be hostile and large: at most ``maximumLength`` bytes are kept, and the work is linear in its length.
public struct Redactor: Sendable {
    /// Bytes that are left of a text.
    public static let maximumLength = 512
    private static let marker = Array("<redacted>".utf8)
    private static let parameter = Array("usersig=".utf8)

    private var telltales = Telltales()

    /// Knows no secret yet.
    init() {}

    /// Knows the texts that must not be shown.
    public init(secrets: [String]) {
        for secret in secrets { hide(Array(secret.utf8).span) }
    }

    /// Knows one more secret.
    mutating func hide(_ secret: Span<UInt8>) { telltales.insert(secret) }

    /// Knows what another one knows, too.
    mutating func hide(_ other: Redactor) { telltales.formUnion(other.telltales) }

    /// The text without any known secret, as it is or percent-encoded, and without the value of any `usersig=`; then
    /// cut.
    public func redact(_ text: String) -> String {
        let bytes = Array(text.utf8)
        var result: [UInt8] = []
        var index = 0
        while index < bytes.count, result.count <= Self.maximumLength {
            if let (value, end) = parameter(in: bytes, at: index) {
                result += bytes[index..<value] + Self.marker
                index = end
            } else if let end = endOfSecret(in: bytes, at: index) {
                result += Self.marker
                index = end
            } else {
                result.append(bytes[index])
                index += 1
            }
        }
        return Self.cut(result)
    }

    // MARK: The parameter

    /// Where the value of a parameter `usersig` starts and ends; nil if there is none at `index`.
    private func parameter(in bytes: [UInt8], at index: Int) -> (value: Int, end: Int)? {
        var value = index
        for expected in Self.parameter {
            guard let (byte, next) = Self.decoded(bytes, at: value), Self.lowercase(byte) == expected else {
                return nil
            }
            value = next
        }
        // Whatever a value is quoted in is passed first, so that the rest of the value is not taken for other text.
        while value < bytes.count, Self.quotes.contains(bytes[value]) { value += 1 }
        return (value, bytes[value...].firstIndex(where: Self.endsValue) ?? bytes.count)
    }

    private static let quotes = Array(#""'\"#.utf8)

    private static func endsValue(_ byte: UInt8) -> Bool { byte <= 0x20 || "&\"'<>".utf8.contains(byte) }

    private static func lowercase(_ byte: UInt8) -> UInt8 {
        (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte
    }

    // MARK: Secrets

    /// Where the secret ends that starts at `index`, or the part of one; nil if none does.
    private func endOfSecret(in bytes: [UInt8], at index: Int) -> Int? {
        // A secret can hold a percent sign itself, so the text is also taken as it is.
        var end: Int?
        for reading in [Self.decoded, Self.plain] {
            for length in telltales.lengths {
                guard let found = endOfSecret(in: bytes, at: index, length, reading) else { continue }
                end = max(end ?? 0, found)
            }
        }
        return end
    }

    /// One character of a text, and where the next one is; nil at the end.
    private typealias Reading = (_ bytes: [UInt8], _ index: Int) -> (byte: UInt8, next: Int)?

    /// Where the last of the parts of secrets ends that follow each other from `index` on, overlapping.
    private func endOfSecret(in bytes: [UInt8], at index: Int, _ length: Int, _ reading: Reading) -> Int? {
        var window = Telltales.Window(length: length)
        var position = index
        var end: Int?
        while let (byte, next) = reading(bytes, position) {
            position = next
            guard window.append(byte) else { continue }
            guard telltales.contains(window) else { break }
            end = position
        }
        return end
    }

    private static func plain(_ bytes: [UInt8], at index: Int) -> (byte: UInt8, next: Int)? {
        index < bytes.count ? (bytes[index], index + 1) : nil
    }

    /// Undoes a percent-encoding, also one of a percent-encoding: a URL may be a parameter of another one.
    private static func decoded(_ bytes: [UInt8], at index: Int) -> (byte: UInt8, next: Int)? {
        guard var (byte, next) = plain(bytes, at: index) else { return nil }
        for _ in 0..<maximumEncodings {
            guard byte == UInt8(ascii: "%"), next + 1 < bytes.count,
                let high = bytes[next].hexDigitValue, let low = bytes[next + 1].hexDigitValue
            else { break }
            byte = high << 4 | low
            next += 2
        }
        return (byte, next)
    }

    private static let maximumEncodings = 3

    /// At most ``maximumLength`` bytes, not ending inside a scalar.
    private static func cut(_ bytes: [UInt8]) -> String {
        var end = min(bytes.count, maximumLength)
        while end > 0, end < bytes.count, bytes[end] & 0xC0 == 0x80 { end -= 1 }
        return String(decoding: bytes[..<end], as: UTF8.self)
    }
}

/// Recognises secrets without holding them: hashes of their parts. Not one more place where they can be read.
private struct Telltales: Sendable {
    /// A part of a secret that is this long counts as the secret: texts get cut anywhere, at both ends.
    static let length = 16

    /// Hashes by the length of what was hashed: of all parts of ``length``, and of a shorter secret as a whole.
    private var hashes: [Int: Set<Int>] = [:]

    /// The lengths of what to look for.
    var lengths: some Sequence<Int> { hashes.keys }

    /// Knows one more secret; an empty one is passed over.
    mutating func insert(_ secret: Span<UInt8>) {
        let length = min(secret.count, Self.length)
        guard length > 0 else { return }
        var window = Window(length: length)
        for index in secret.indices where window.append(secret[index]) {
            hashes[length, default: []].insert(window.hash)
        }
    }

    /// Knows what another one knows, too.
    mutating func formUnion(_ other: Telltales) {
        hashes.merge(other.hashes) { $0.union($1) }
    }

    /// Whether the bytes in a window are a part of a secret.
    func contains(_ window: Window) -> Bool { hashes[window.length]?.contains(window.hash) ?? false }

    /// The last bytes of a text, as many as are compared.
    struct Window {
        let length: Int
        private var bytes = SIMD16<UInt8>()
        private var count = 0

        init(length: Int) { self.length = length }

        /// - Returns: Whether there are enough now.
        mutating func append(_ byte: UInt8) -> Bool {
            if count == length {
                for place in 1..<length { bytes[place - 1] = bytes[place] }
                bytes[length - 1] = byte
            } else {
                bytes[count] = byte
                count += 1
            }
            return count == length
        }

        /// Not to be foreseen outside of this process.
        var hash: Int { bytes.hashValue }
    }
}
