import IMAttrClient

/// Why what was given cannot be read as accounts.
enum InputError: Error, Hashable {
    /// A file cannot be opened or read.
    case unreadable(name: String, errno: CInt)
    /// Something in it is not as it has to be: where, and what.
    case malformed(name: String, place: String, what: String)
    /// Two files of a run, by what they are for, are one.
    case sameFile(String, String)

    var status: ExitStatus {
        switch self {
        case .unreadable, .malformed, .sameFile: .usage
        }
    }

    var description: String {
        switch self {
        case .unreadable(let name, let errno): "cannot read \(name): \(SystemCall.text(of: errno))."
        case .malformed(let name, let place, let what): "\(place) of \(name): \(what)."
        case .sameFile(let one, let other): "\(one) and \(other) are the same file; one would overwrite the other."
        }
    }
}

/// How far the input has been taken, and what it was so far: two inputs that begin alike have the same positions there.
struct InputPosition: Hashable, Sendable {
    /// Accounts taken, repeated ones too.
    private(set) var accounts = 0
    /// A digest of them, in order.
    private(set) var digest = ByteDigest().value

    /// Separates two accounts; UTF-8 has no such byte.
    private static let end: UInt8 = 0xFF

    init() {}

    /// A position that was noted.
    init(accounts: Int, digest: UInt128) {
        self.accounts = accounts
        self.digest = digest
    }

    mutating func pass(_ account: Account) {
        accounts += 1
        var mixed = ByteDigest(value: digest)
        mixed.mix(account.utf8)
        mixed.mix(Self.end)
        digest = mixed.value
    }
}
