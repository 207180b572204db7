import FoundationEssentials

/// The few forms of ASN.1's distinguished encoding (X.690) that a certificate needs.
enum DER {
    static func value(tag: UInt8, _ content: [UInt8]) -> [UInt8] {
        guard content.count >= 128 else { return [tag, UInt8(content.count)] + content }
        let length = bigEndian(UInt64(content.count))
        return [tag, 0x80 | UInt8(length.count)] + length + content
    }

    static func sequence(_ parts: [UInt8]...) -> [UInt8] { value(tag: 0x30, Array(parts.joined())) }
    static func set(_ parts: [UInt8]...) -> [UInt8] { value(tag: 0x31, Array(parts.joined())) }
    static func octetString(_ bytes: [UInt8]) -> [UInt8] { value(tag: 0x04, bytes) }
    static func utf8String(_ text: String) -> [UInt8] { value(tag: 0x0C, Array(text.utf8)) }
    static var `true`: [UInt8] { value(tag: 0x01, [0xFF]) }

    /// A non-negative integer from its big-endian bytes.
    static func integer(_ bytes: [UInt8]) -> [UInt8] {
        let digits = bytes.drop { $0 == 0 }
        let needsSign = (digits.first ?? 0x80) >= 0x80
        return value(tag: 0x02, (needsSign ? [0] : []) + digits)
    }

    static func bitString(_ bytes: [UInt8], unusedBits: UInt8 = 0) -> [UInt8] {
        value(tag: 0x03, [unusedBits] + bytes)
    }

    /// The context's own tag `[number]` around whole values.
    static func tagged(_ number: UInt8, _ content: [UInt8]) -> [UInt8] { value(tag: 0xA0 | number, content) }

    /// The context's own tag `[number]` in the place of a primitive value's tag.
    static func retagged(_ number: UInt8, _ content: [UInt8]) -> [UInt8] { value(tag: 0x80 | number, content) }

    static func objectIdentifier(_ first: UInt64, _ second: UInt64, _ others: UInt64...) -> [UInt8] {
        value(tag: 0x06, ([first * 40 + second] + others).flatMap(base128))
    }

    /// A moment as RFC 5280 wants it: UTCTime until the end of 2049, GeneralizedTime later.
    static func time(_ date: Date) -> [UInt8] {
        let digits = Array(date.ISO8601Format().utf8).filter { UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }
        let zulu = [UInt8(ascii: "Z")]
        return digits.lexicographicallyPrecedes(Array("2050".utf8))
            ? value(tag: 0x17, digits.dropFirst(2) + zulu)
            : value(tag: 0x18, digits + zulu)
    }

    private static func bigEndian(_ number: UInt64) -> [UInt8] {
        withUnsafeBytes(of: number.bigEndian) { Array($0.drop { $0 == 0 }) }
    }

    /// Seven bits a byte, all but the last with the high bit set.
    private static func base128(_ number: UInt64) -> [UInt8] {
        var digits = [UInt8(number & 0x7F)]
        var rest = number >> 7
        while rest > 0 {
            digits.append(0x80 | UInt8(rest & 0x7F))
            rest >>= 7
        }
        return digits.reversed()
    }
}
