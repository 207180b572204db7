import JSONRPC

extension ConnectionState {
    /// Requests that are withdrawn piece by piece.
    struct Withdrawal {
        /// Their numbers, the next one last.
        private var numbers: [UInt64]
        /// What they are answered with; nil if they cannot be answered.
        let error: ErrorObject?

        init(_ numbers: [UInt64], with error: ErrorObject?) {
            self.numbers = numbers.reversed()
            self.error = error
        }

        fileprivate mutating func next() -> UInt64? { numbers.popLast() }
    }

    // MARK: Requests that wait

    /// A request waits for its answer.
    /// - Returns: Whether it does; if not, the connection is closed, and the request is to be withdrawn.
    mutating func wait(for call: WaitingCalls.Call, as number: UInt64) -> Bool {
        guard isOpen else { return false }
        waiting.insert(call, as: number)
        return true
    }

    /// The answer of a request has come that waited.
    mutating func completed(_ number: UInt64, _ outcome: Response.Outcome, _ ledger: inout DoorLedger) -> Actions {
        guard let call = waiting.remove(number) else { return [] }
        return answer(Response(id: call.id, outcome), at: call.place, &ledger)
    }

    /// All requests with an id are to be withdrawn and answered with an error, by ``nextWithdrawal()``.
    mutating func cancel(_ id: RequestID, with error: ErrorObject) {
        let numbers = waiting.numbers(of: id)
        if !numbers.isEmpty { withdrawals.append(Withdrawal(numbers, with: error)) }
    }

    /// Takes a request that is to be withdrawn, and what it is answered with then.
    mutating func nextWithdrawal() -> (call: WaitingCalls.Call, error: ErrorObject?)? {
        while let last = withdrawals.indices.last {
            while let number = withdrawals[last].next() {
                // Withdrawing one may have had another answered.
                if let call = waiting.remove(number) { return (call, withdrawals[last].error) }
            }
            withdrawals.removeLast()
        }
        return nil
    }

    // MARK: Answers

    /// Writes an answer, or an error in its stead if there is no room for it.
    mutating func answer(_ response: Response, at place: AnswerPlace, _ ledger: inout DoorLedger) -> Actions {
        guard isOpen else { return [] }
        switch place {
        case .line:
            countedAnswers += output.append { ledger.append(response, endingIn: 1, to: &$0) }
        case .batch(let batch, let index):
            return answer(response, in: batch, at: index, &ledger)
        }
        return flushSoon()
    }

    private mutating func answer(
        _ response: Response, in batch: BatchAnswer, at index: Int, _ ledger: inout DoorLedger
    ) -> Actions {
        var json: [UInt8] = []
        ledger.append(response, endingIn: 0, to: &json)
        countedAnswers += json.count
        guard let array = batch.add(json, at: index) else { return [] }
        countedAnswers -= batch.bytes
        ledger.release(answerBytes: batch.bytes)
        append(&ledger) { $0 += array }
        return flushSoon()
    }

    /// Answers a line of which nothing else can be answered.
    mutating func refuse(_ error: ErrorObject, _ ledger: inout DoorLedger) {
        ledger.countRefusedLine(error)
        append(&ledger) { Response(id: .null, .error(error)).append(to: &$0) }
    }

    /// Writes a line that must not be refused.
    mutating func append(_ ledger: inout DoorLedger, _ line: (inout [UInt8]) -> Void) {
        let count = output.append(line)
        countedAnswers += count
        ledger.force(answerBytes: count)
    }
}

extension DoorLedger {
    /// Appends the JSON text of an answer or, if there is no room for it, of an error in its stead, and counts it.
    /// - Parameter end: Bytes that follow the text and are counted with it.
    fileprivate mutating func append(_ response: Response, endingIn end: Int, to json: inout [UInt8]) {
        let start = json.count
        response.append(to: &json)
        let count = json.count - start
        if take(answerBytes: count + end) { return }
        counters.refusedAnswers += 1
        let error = ErrorObject.overloadedServer("maxBufferedBytes", limits.maxBufferedBytes)
        let refusal = Response(id: response.id, .error(error)).json
        if case .error = response.outcome, count <= refusal.count {
            force(answerBytes: count + end)
        } else {
            json.replaceSubrange(start..., with: refusal)
            force(answerBytes: refusal.count + end)
        }
    }

    mutating func countRefusedLine(_ error: ErrorObject) { counters.refusedLines[error.code, default: 0] += 1 }
}
