import CallScheduling

extension CallFailure {
    /// What keeps calls from leaving, and what an operator does about it.
    var adviceForOperator: String {
        switch reaction {
        case .misconfigured, .pause:
            "\(message); mend the secret key or the configuration, then restart imattrd"
        case .renewSignature: "\(message); check the machine's clock (timedatectl)"
        case .retry, .slowDown, .unusableAnswer: "\(message); it is tried again by itself"
        case .accountAtFault, .tooManyAccounts, .unknown: message
        }
    }
}
