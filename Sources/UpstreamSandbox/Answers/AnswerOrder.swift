/// Which answer each request of one connection gets.
struct AnswerOrder {
    /// What is sent for a request.
    enum Step {
        case answer(Answer)
        case reset
        case silence
    }

    private enum State {
        /// Each request gets its own answer; the last one sent is kept.
        case inStep(last: Answer?)
        /// Each request gets the answer of the one before it, which is `held`.
        case behind(held: Answer)
    }

    private var state = State.inStep(last: nil)

    /// What the next request gets.
    mutating func next(_ reaction: Reaction) -> Step {
        switch (reaction, state) {
        case (.reset, _): return .reset
        case (.silence, _): return .silence
        case (.answer(let answer), .inStep):
            state = .inStep(last: answer)
            return .answer(answer)
        case (.late(let answer, let first), .inStep(let last)):
            state = .behind(held: answer)
            return .answer(last ?? first)
        case (.answer(let answer), .behind(let held)), (.late(let answer, _), .behind(let held)):
            state = .behind(held: answer)
            return .answer(held)
        }
    }
}
