/// Says for each call which faults happen to it.
struct FaultPicker {
    /// A fault of a call.
    struct Pick {
        var kind: Fault.Kind
        /// Those of the call's accounts that it is about; all of them if the fault names none.
        var accounts: [[UInt8]]
    }

    private var faults: [(fault: Fault, accounts: AccountPattern?, considered: Int)]

    init(_ faults: [Fault] = []) {
        self.faults = faults.map { ($0, $0.accounts.map(AccountPattern.init), 0) }
    }

    /// The faults of a call that names `accounts`, in the order of the list: all those up to the first that leaves
    /// nothing of the answer as it was.
    ///
    /// A fault's own counting goes on only with the calls that reach it: those of its accounts and its company, that
    /// no fault before it in the list kept from it.
    mutating func pick(accounts: [[UInt8]], using random: inout some RandomNumberGenerator) -> [Pick] {
        var picks: [Pick] = []
        // A list of accounts may be long, and most calls meet no fault.
        lazy var distinct = Set(accounts).count
        for index in faults.indices {
            let fault = faults[index].fault
            let atFault = faults[index].accounts.map { accounts.filter($0.matches) }
            if let atFault, atFault.isEmpty { continue }
            switch fault.company {
            case .any: break
            case .others: if distinct < 2 { continue }
            case .alone: if distinct != 1 { continue }
            }
            faults[index].considered += 1
            guard fault.when.holds(for: faults[index].considered, using: &random) else { continue }
            picks.append(Pick(kind: fault.kind, accounts: atFault ?? accounts))
            if !fault.kind.isOfEntries { break }
        }
        return picks
    }
}

/// ``Fault/Accounts`` as bytes: a Swift string counts `é` and `e` with U+0301 as equal, and they are two accounts.
private enum AccountPattern {
    case named(Set<[UInt8]>)
    case prefixed([UInt8])

    init(_ accounts: Fault.Accounts) {
        self =
            switch accounts {
            case .named(let names): .named(Set(names.map { Array($0.utf8) }))
            case .prefixed(let prefix): .prefixed(Array(prefix.utf8))
            }
    }

    func matches(_ account: [UInt8]) -> Bool {
        switch self {
        case .named(let names): names.contains(account)
        case .prefixed(let prefix): account.starts(with: prefix)
        }
    }
}

extension Fault.When {
    /// Whether it happens to the call with this `number`, counted from 1.
    fileprivate func holds(for number: Int, using random: inout some RandomNumberGenerator) -> Bool {
        switch self {
        case .always: true
        case .first(let count): number <= count
        case .every(let count): number.isMultiple(of: count)
        case .chance(let chance): Double.random(in: 0..<1, using: &random) < chance
        }
    }
}

extension FaultPicker.Pick {
    /// The entries of an answer that would have had `entries`.
    func entries(insteadOf entries: [AnswerText.Entry]) -> [AnswerText.Entry] {
        switch kind {
        case .entry(let shape):
            var missing = Set(accounts)
            let answered = entries.map { entry in
                missing.remove(entry.account) == nil
                    ? entry : .odd(entry.account, entry.attributes ?? Attributes(), shape)
            }
            // An account that would have had no entry gets an odd one all the same.
            return answered
                + missing.sorted { $0.lexicographicallyPrecedes($1) }.map { .odd($0, Attributes(), shape) }
        case .stranger(let name): return entries + [.stranger(name)]
        case .onlyStranger(let name): return [.stranger(name)]
        default: return entries
        }
    }
}

extension AnswerText.Entry {
    fileprivate var account: [UInt8] {
        switch self {
        case .user(let account, _), .unknown(let account), .odd(let account, _, _): account
        }
    }

    fileprivate var attributes: Attributes? {
        switch self {
        case .user(_, let attributes), .odd(_, let attributes, _): attributes
        case .unknown: nil
        }
    }
}
