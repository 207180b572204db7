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
