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
    /// A digest (FNV-1a, 128 bits) of them, in order. It finds mistakes, not malice.
    private(set) var digest: UInt128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d

    private static let prime: UInt128 = 0x0000_0000_0100_0000_0000_0000_0000_013b
    /// Stands between two accounts; UTF-8 has no such byte.
    private static let end: UInt8 = 0xFF

    init() {}

    /// A position that was noted.
    init(accounts: Int, digest: UInt128) {
        self.accounts = accounts
        self.digest = digest
    }

    mutating func pass(_ account: Account) {
        accounts += 1
        for byte in account.utf8 { mix(byte) }
        mix(Self.end)
    }

    private mutating func mix(_ byte: UInt8) { digest = (digest ^ UInt128(byte)) &* Self.prime }
}
