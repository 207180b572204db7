/// Says for each call which fault happens to it: the first in the list that applies.
struct FaultPicker {
    private var faults: [(fault: Fault, account: [UInt8]?, considered: Int)]

    init(_ faults: [Fault] = []) {
        self.faults = faults.map { ($0, $0.account.map { Array($0.utf8) }, 0) }
    }

    /// The fault of a call that names `accounts`, if one happens to it.
    ///
    /// A fault's own counting goes on only with the calls that reach it: those of its account, and to which no fault
    /// before it in the list happened.
    mutating func pick(
        accounts: [[UInt8]], using random: inout some RandomNumberGenerator
    ) -> Fault.Kind? {
        for index in faults.indices {
            if let account = faults[index].account, !accounts.contains(account) { continue }
            faults[index].considered += 1
            if faults[index].fault.when.holds(for: faults[index].considered, using: &random) {
                return faults[index].fault.kind
            }
        }
        return nil
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
