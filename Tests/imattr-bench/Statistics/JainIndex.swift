/// How evenly something is divided (R. Jain, 1984): 1 if all get the same, 1/n if one of n gets everything.
enum JainIndex {
    /// The index of non-negative shares; nil if there are none, or nobody got anything.
    static func of(_ shares: [Int]) -> Double? {
        let sum = shares.reduce(0.0) { $0 + Double($1) }
        let squares = shares.reduce(0.0) { $0 + Double($1) * Double($1) }
        return squares > 0 ? sum * sum / (Double(shares.count) * squares) : nil
    }
}
