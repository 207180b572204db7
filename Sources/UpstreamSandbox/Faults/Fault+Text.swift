/// Faults as text, for command lines.
extension Fault {
    /// How faults are written, for a help page.
    public static let textFormat = """
        KIND[=VALUE][@first=N|@every=N|@chance=P][@alone|@others][@account=NAME|@accounts=NAME,...|@prefix=TEXT]. \
        KIND is one of: \(kindFormat); \
        entry=SHAPE, stranger[=NAME], only-stranger[=NAME]. SHAPE is one of: \
        \(EntryShape.allCases.map(\.rawValue).joined(separator: ", ")). With names or a prefix it happens to calls \
        that name such an account, entry=SHAPE to such accounts; @others is for calls of several accounts, @alone for \
        calls of one. The first fault that applies to a call happens to it, with each entry and stranger before it
        """

    /// How a kind that spoils whole answers is written.
    public static let kindFormat = """
        status=CODE, redirect=CODE[,URL], reset, reset-in-body, cut, hang, slow=MILLISECONDS, garbage, truncated, \
        body=TEXT, error=CODE, echo-url[=CODE], drip[=MILLISECONDS], oversized[=BYTES], close, close-silently, \
        trailing=TEXT, repeated[=MILLISECONDS], stray
        """

    /// The fault that `text` describes in the form of ``textFormat``. Throws ``FaultTextError``.
    public init(text: String) throws(FaultTextError) {
        // The accounts are the last part, so their names may hold anything.
        let (beforeNames, accounts) = try Self.accounts(text)
        let (head, company) = Self.company(beforeNames)
        let (plain, when) = try Self.when(head)
        self.init(try Kind(text: plain), when: when, accounts: accounts, company: company)
    }

    private static func accounts(_ text: String) throws(FaultTextError) -> (Substring, Accounts?) {
        let marks = ["@account=", "@accounts=", "@prefix="]
        let found = marks.compactMap { mark in text.firstRange(of: mark).map { (mark, $0) } }
        guard let (mark, range) = found.min(by: { $0.1.lowerBound < $1.1.lowerBound }) else { return (text[...], nil) }
        let (head, names) = (text[..<range.lowerBound], text[range.upperBound...])
        switch mark {
        case "@account=": return (head, .named([String(names)]))
        case "@prefix=": return (head, .prefixed(String(names)))
        default:
            let names = names.split(separator: ",").map(String.init)
            guard !names.isEmpty else { throw FaultTextError(reason: "@accounts= wants names with commas between") }
            return (head, .named(Set(names)))
        }
    }

    private static func company(_ text: Substring) -> (Substring, Company) {
        for (mark, company) in [("@alone", Company.alone), ("@others", .others)] where text.hasSuffix(mark) {
            return (text.dropLast(mark.count), company)
        }
        return (text, .any)
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

    fileprivate static func split(_ text: Substring, at mark: String) -> (Substring, Substring?) {
        guard let range = text.firstRange(of: mark) else { return (text, nil) }
        return (text[..<range.lowerBound], text[range.upperBound...])
    }

    fileprivate static func positive(_ text: Substring) throws(FaultTextError) -> Int {
        guard let number = Int(text), number > 0 else {
            throw FaultTextError(reason: "\(text) is not a positive integer")
        }
        return number
    }
}

extension Fault.Kind {
    /// The kind that `text` describes: the part of a fault's text before the first `@`. Throws ``FaultTextError``.
    public init(text: some StringProtocol) throws(FaultTextError) {
        let (name, value) = Fault.split(Substring(text), at: "=")
        switch (name, value) {
        case ("status", let code?): self = .status(try Self.status(code, 200...599))
        case ("redirect", let value?):
            let (code, location) = Fault.split(value, at: ",")
            self = .redirect(try Self.status(code, 300...399), location: location.map(String.init))
        case ("reset", nil): self = .reset
        case ("reset-in-body", nil): self = .resetInBody
        case ("cut", nil): self = .cut
        case ("hang", nil): self = .hang
        case ("slow", let time?): self = .slow(.milliseconds(try Fault.positive(time)))
        case ("garbage", nil): self = .garbage
        case ("truncated", nil): self = .truncated
        case ("body", let text?): self = .body(String(text))
        case ("error", let code?): self = .error(try Fault.positive(code))
        case ("echo-url", let code): self = .echoURL(try Fault.positive(code ?? "70003"))
        case ("drip", let pause): self = .drip(pause: .milliseconds(try Fault.positive(pause ?? "20")))
        case ("oversized", let bytes): self = .oversized(bytes: try Fault.positive(bytes ?? "2097152"))
        case ("close", nil): self = .close(announced: true)
        case ("close-silently", nil): self = .close(announced: false)
        case ("trailing", let rest?): self = .trailing(String(rest))
        case ("repeated", nil): self = .repeated(after: .zero)
        case ("repeated", let time?): self = .repeated(after: .milliseconds(try Fault.positive(time)))
        case ("stray", nil): self = .stray
        case ("entry", let shape?): self = .entry(try Self.shape(shape))
        case ("stranger", let name): self = .stranger(name.map(String.init) ?? Self.strangersName)
        case ("only-stranger", let name): self = .onlyStranger(name.map(String.init) ?? Self.strangersName)
        default:
            throw FaultTextError(
                reason: "\(name) is not a fault, or needs another value; a fault is \(Fault.textFormat)")
        }
    }

    private static func shape(_ text: Substring) throws(FaultTextError) -> EntryShape {
        guard let shape = EntryShape(rawValue: String(text)) else {
            throw FaultTextError(reason: "\(text) is not a shape; a fault is \(Fault.textFormat)")
        }
        return shape
    }

    private static func status(_ text: Substring, _ range: ClosedRange<Int>) throws(FaultTextError) -> Int {
        guard let number = Int(text), range.contains(number) else {
            throw FaultTextError(reason: "\(text) is not a status from \(range.lowerBound) to \(range.upperBound)")
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
