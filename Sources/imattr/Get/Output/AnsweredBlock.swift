import IMAttrClient

/// A block's answers, in the order of its accounts.
struct AnsweredBlock: Sendable {
    let answers: [AccountAnswer]
    /// Those of ``answers`` that were refused.
    let refusals: [Account: Refusal]
    /// What upstream said about missing accounts, as it said it.
    let errorList: [AccountError]
    /// Where the input is after them.
    let end: InputPosition
    /// How much of the input has been read, from 0 to 1; nil if that cannot be known.
    let fraction: Double?

    init(_ block: Block, _ result: GetAttrsResult, refusals: [Account: Refusal] = [:]) {
        var attrs: [Account: Attrs] = [:]
        for user in result.userAttrs { attrs[user.account] = user.attrs }
        let errors = Dictionary(result.errorList.compactMap { error in error.account.map { ($0, error) } }) {
            first, _ in
            first
        }
        answers = block.accounts.map { account in
            let found = attrs[account]
            return AccountAnswer(account: account, attrs: found, error: found == nil ? errors[account] : nil)
        }
        errorList = result.errorList
        self.refusals = refusals
        end = block.end
        fraction = block.fraction
    }

    /// Without the accounts that were refused, which have been listed elsewhere.
    init(withoutRefused block: AnsweredBlock) {
        answers = block.answers.filter { block.refusals[$0.account] == nil }
        errorList = block.errorList
        refusals = [:]
        end = block.end
        fraction = block.fraction
    }

    /// What was refused, in the order of the answers.
    var refused: [Refusal] { refusals.isEmpty ? [] : answers.compactMap { refusals[$0.account] } }

    /// What upstream has no attributes for.
    var missing: [AccountAnswer] { answers.filter { $0.attrs == nil && refusals[$0.account] == nil } }
}

/// Writes answers in one form.
protocol AnswerWriter {
    /// Whether answers were taken that are not written yet: what has been written is no place to go on from.
    var holdsAnswers: Bool { get }

    /// Adds a block.
    mutating func write(_ block: AnsweredBlock, to output: inout StandardOutput) throws

    /// Adds what follows the last answer.
    ///
    /// - Parameter isComplete: Whether all that was asked for has been answered.
    mutating func end(isComplete: Bool, to output: inout StandardOutput) throws
}
