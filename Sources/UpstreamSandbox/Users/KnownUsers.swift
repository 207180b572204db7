import FoundationEssentials

/// The users that a sandbox knows, with their attributes.
public struct KnownUsers: Sendable {
    private var attributes: [[UInt8]: Attributes] = [:]

    /// Reads `{"account": {"attribute": value, …}, …}`, a JSON text in UTF-8.
    ///
    /// Values may be any JSON, and are answered as they are written there: numbers keep their digits, attributes their
    /// order. Accounts are distinguished by the bytes of their names. Throws ``KnownUsersError``.
    public init(json: String) throws(KnownUsersError) {
        var reader = JSONSlicer(json)
        for (account, value) in try reader.wholeObject() {
            var inner = JSONSlicer(value)
            let pairs = try inner.wholeObject().map { Attributes.Pair(name: $0.name, value: $0.value) }
            let name = try Self.decoded(account)
            guard attributes.updateValue(Attributes(pairs), forKey: name) == nil else {
                throw KnownUsersError(reason: "account \(account) is there twice")
            }
        }
    }

    private init() {}

    /// The three users of the vendor's example.
    public static var vendorsExample: KnownUsers {
        var users = KnownUsers()
        users.attributes = [
            Array("Zhang Xiaohong".utf8): Attributes([
                .init(name: #""sex""#, value: #""Female""#), .init(name: #""city""#, value: #""New York""#),
            ]),
            Array("Chen Xiaoming".utf8): Attributes([
                .init(name: #""sex""#, value: #""M""#), .init(name: #""city""#, value: #""Shenzhen""#),
            ]),
            Array("abc".utf8): Attributes(),
        ]
        return users
    }

    subscript(account: [UInt8]) -> Attributes? {
        attributes[account]
    }

    private static func decoded(_ jsonString: String) throws(KnownUsersError) -> [UInt8] {
        guard let text = try? JSONDecoder().decode([String].self, from: Data("[\(jsonString)]".utf8)).first else {
            throw KnownUsersError(reason: "\(jsonString) is not a JSON string")
        }
        return Array(text.utf8)
    }
}

/// Why a file of users cannot be used.
public struct KnownUsersError: Error, Sendable, CustomStringConvertible {
    /// What is wrong, for a person.
    public var reason: String

    /// The ``reason``.
    public var description: String { reason }
}
