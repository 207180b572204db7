/// Faults as text, for command lines.
extension Fault {
    /// How faults are written, for a help page.
    public static let textFormat = """
        KIND[=VALUE][@first=N|@every=N|@chance=P][@account=NAME], where KIND is one of: status=CODE, \
        redirect=CODE[,URL], reset, hang, garbage, truncated, body=TEXT, error=CODE, echo-url[=CODE], \
        drip[=MILLISECONDS], oversized[=BYTES], close, close-silently
        """

    /// The fault that `text` describes in the form of ``textFormat``. Throws ``FaultTextError``.
    public init(text: String) throws(FaultTextError) {
        // The account is the last part, so its name may hold anything.
        let (head, account) = Self.split(text[...], at: "@account=")
        let (plain, when) = try Self.when(head)
        let (name, value) = Self.split(plain, at: "=")
        self.init(try Self.kind(name, value), when: when, account: account.map(String.init))
    }

    private static func when(_ text: Substring) throws(FaultTextError) -> (Substring, When) {
        if case (let plain, let count?) = split(text, at: "@first=") { return (plain, .first(try positive(count))) }
        if case (let plain, let count?) = split(text, at: "@every=") { return (plain, .every(try positive(count))) }
        guard case (let plain, let chance?) = split(text, at: "@chance=") else { return (text, .always) }
        guard let chance = Double(chance), (0...1).contains(chance) else {
            throw FaultTextError(reason: "@chance= wants a number from 0 to 1")
        }
        return (plain, .chance(chance))
    }

    private static func kind(_ name: Substring, _ value: Substring?) throws(FaultTextError) -> Kind {
        switch (name, value) {
        case ("status", let code?): return .status(try status(code, 200...599))
        case ("redirect", let value?):
            let (code, location) = split(value, at: ",")
            return .redirect(try status(code, 300...399), location: location.map(String.init))
        case ("reset", nil): return .reset
        case ("hang", nil): return .hang
        case ("garbage", nil): return .garbage
        case ("truncated", nil): return .truncated
        case ("body", let text?): return .body(String(text))
        case ("error", let code?): return .error(try positive(code))
        case ("echo-url", let code): return .echoURL(try positive(code ?? "70003"))
        case ("drip", let pause): return .drip(pause: .milliseconds(try positive(pause ?? "20")))
        case ("oversized", let bytes): return .oversized(bytes: try positive(bytes ?? "2097152"))
        case ("close", nil): return .close(announced: true)
        case ("close-silently", nil): return .close(announced: false)
        default: throw FaultTextError(reason: "\(name) is no fault, or wants another value; a fault is \(textFormat)")
        }
    }

    private static func split(_ text: Substring, at mark: String) -> (Substring, Substring?) {
        guard let range = text.firstRange(of: mark) else { return (text, nil) }
        return (text[..<range.lowerBound], text[range.upperBound...])
    }

    private static func positive(_ text: Substring) throws(FaultTextError) -> Int {
        guard let number = Int(text), number > 0 else { throw FaultTextError(reason: "\(text) is no positive integer") }
        return number
    }

    private static func status(_ text: Substring, _ range: ClosedRange<Int>) throws(FaultTextError) -> Int {
        guard let number = Int(text), range.contains(number) else {
            throw FaultTextError(reason: "\(text) is no status from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }
}

/// Why a text describes no fault.
public struct FaultTextError: Error, Sendable, CustomStringConvertible {
    /// What is wrong, for a person.
    public var reason: String

    /// The ``reason``.
    public var description: String { reason }
}
