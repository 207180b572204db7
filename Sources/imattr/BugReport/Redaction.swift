/// Takes out of a line what a report must not have: secrets, and what the daemon's lines say of accounts.
///
/// - The value of a field that holds an account, upstream's text or a UserSig: `To_Account="…"`, `ErrorInfo: …`, `usersig=…`.
/// - The value that a problem of the configuration quotes, if the key is an account or a path that a key may be written for.
/// - Long words that look like a key or a UserSig, wherever they are.
///
/// What is not sure to end is taken out up to the end of the line.
struct Redaction {
    /// What is in the place of what was taken out.
    static let mark = "<left out>"

    private static let fields = ["to_account", "errorinfo", "usersig", "identifier", "secretkey", "secret_key"]
        .map { Array($0.utf8) }
    private static let settings = ["admin", "secretKeyFile", "IMATTRD_ADMIN", "IMATTRD_SECRET_KEY_FILE"]
        .map { Array("\($0) (".utf8) }
    /// The least lengths of words that are taken for secrets: of hexadecimal digits, and of letters and digits.
    private static let (hexadecimal, mixed) = (32, 40)

    private let bytes: [UInt8]

    private init(_ text: String) { bytes = Array(text.utf8) }

    /// The line without what it must not have.
    static func of(_ line: String) -> String { Redaction(line).result }

    private var result: String {
        var result: [UInt8] = []
        var index = 0
        while index < bytes.count {
            if let hidden = field(at: index) ?? setting(at: index) ?? path(at: index) ?? word(at: index) {
                result += bytes[index..<hidden.lowerBound] + Array(Self.mark.utf8)
                index = hidden.upperBound
            } else {
                result.append(bytes[index])
                index += 1
            }
        }
        return String(decoding: result, as: UTF8.self)
    }

    // MARK: Fields

    /// The value of a field whose name is at an index.
    private func field(at index: Int) -> Range<Int>? {
        guard let name = Self.fields.first(where: { isName($0, at: index) }) else { return nil }
        var next = index + name.count
        // The name itself may be quoted, as in JSON, and that may be quoted again.
        while next < bytes.count, bytes[next] == Self.quote || bytes[next] == Self.backslash { next += 1 }
        guard next < bytes.count else { return nil }
        switch bytes[next] {
        case UInt8(ascii: "="): return value(at: next + 1)
        case UInt8(ascii: ":"): return next + 1..<bytes.count
        default: return nil
        }
    }

    /// A field's name in any case.
    private func isName(_ name: [UInt8], at index: Int) -> Bool {
        index + name.count <= bytes.count
            && zip(name, bytes[index...]).allSatisfy { $0 == (Self.isCapital($1) ? $1 | 0x20 : $1) }
    }

    /// A word, or a text in quotation marks, with those.
    private func value(at start: Int) -> Range<Int> {
        guard start < bytes.count else { return start..<start }
        if bytes[start] == Self.quote { return start..<endOfQuotation(start + 1) }
        // Within another quotation it is not known how often its own marks are escaped.
        if bytes[start] == Self.backslash { return start..<bytes.count }
        let end = bytes[start...].firstIndex { $0 <= 0x20 || $0 == UInt8(ascii: "&") || $0 == Self.quote }
        return start..<(end ?? bytes.count)
    }

    private func endOfQuotation(_ start: Int) -> Int {
        var index = start
        while index < bytes.count, bytes[index] != Self.quote { index += bytes[index] == Self.backslash ? 2 : 1 }
        return min(index + 1, bytes.count)
    }

    // MARK: Problems of the configuration

    /// The value in `KEY (ORIGIN): "VALUE": …`, up to the last thing that may be its end.
    private func setting(at index: Int) -> Range<Int>? {
        guard Self.settings.contains(where: { bytes[index...].starts(with: $0) }) else { return nil }
        let start = bytes[index...].firstIndex(of: Self.quote) ?? bytes.count
        guard start < bytes.count else { return nil }
        let end = bytes.indices.last { $0 > start && bytes[$0...].starts(with: [Self.quote, UInt8(ascii: ":")]) }
        return start..<(end.map { $0 + 1 } ?? bytes.count)
    }

    /// What was given as the path of the key's file in `secretKeyFile: PATH: …`, unless it looks like one: it may be the key.
    private func path(at index: Int) -> Range<Int>? {
        guard bytes[index...].starts(with: Self.keyFile) else { return nil }
        let start = index + Self.keyFile.count
        let isHarmless =
            Self.harmless.contains { bytes[start...].starts(with: $0) }
            || bytes[start...].drop(while: Self.isDigit).starts(with: Self.hiddenByDaemon)
        let end = bytes.indices.last { $0 > start && bytes[$0...].starts(with: ": ".utf8) }
        return isHarmless ? nil : end.map { start..<$0 }
    }

    private static let keyFile = Array("secretKeyFile: ".utf8)
    /// An absolute path, and what is said without one.
    private static let harmless = ["/", "is required", "a path of "].map { Array($0.utf8) }
    /// What the daemon itself says in place of what may be a secret, after the number.
    private static let hiddenByDaemon = Array(" characters ".utf8)

    // MARK: Words

    /// The word at an index, if it starts there and looks like a secret.
    private func word(at index: Int) -> Range<Int>? {
        if index > 0, Self.isInWord(bytes[index - 1]) { return nil }
        // A symbol of Swift in a backtrace.
        if index > 0, bytes[index - 1] == UInt8(ascii: "$") { return nil }
        let word = bytes[index...].prefix(while: Self.isInWord)
        guard word.count >= Self.hexadecimal else { return nil }
        let isHexadecimal = word.allSatisfy { $0.isHexadecimalDigit }
        let isMixed = word.contains(where: Self.isDigit) && word.contains { !Self.isDigit($0) && $0.isLetter }
        return isHexadecimal || isMixed && word.count >= Self.mixed ? word.startIndex..<word.endIndex : nil
    }

    private static let quote = UInt8(ascii: "\"")
    private static let backslash = UInt8(ascii: "\\")

    private static func isCapital(_ byte: UInt8) -> Bool { UInt8(ascii: "A")...UInt8(ascii: "Z") ~= byte }

    private static func isDigit(_ byte: UInt8) -> Bool { UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte }

    /// The characters of base64 with those that Tencent has in their place, without the slash of paths.
    private static func isInWord(_ byte: UInt8) -> Bool {
        byte.isLetter || isDigit(byte) || "+*-_=%".utf8.contains(byte)
    }
}

extension UInt8 {
    fileprivate var isLetter: Bool { UInt8(ascii: "a")...UInt8(ascii: "z") ~= self | 0x20 }

    fileprivate var isHexadecimalDigit: Bool {
        UInt8(ascii: "0")...UInt8(ascii: "9") ~= self || UInt8(ascii: "a")...UInt8(ascii: "f") ~= self | 0x20
    }
}
