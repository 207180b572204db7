import JSONRPC

extension ConnectionState {
    /// Requests that are withdrawn piece by piece.
    struct Withdrawal {
        /// Their numbers, the next one last.
        private var numbers: [UInt64]
        /// What they are answered with; nil if they cannot be answered.
        let answer: Response.Outcome?

        init(_ numbers: [UInt64], answer: Response.Outcome?) {
            self.numbers = numbers.reversed()
            self.answer = answer
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
        if !numbers.isEmpty { withdrawals.append(Withdrawal(numbers, answer: .error(error))) }
    }

    /// Takes a request that is to be withdrawn, and what it is answered with then.
    mutating func nextWithdrawal() -> (call: WaitingCalls.Call, answer: Response.Outcome?)? {
        while let last = withdrawals.indices.last {
            while let number = withdrawals[last].next() {
                // Withdrawing one may have had another answered.
                if let call = waiting.remove(number) { return (call, withdrawals[last].answer) }
            }
            withdrawals.removeLast()
        }
        return nil
    }

    // MARK: Answers

    /// Writes an answer, or an error in its place if there is no room for it.
    mutating func answer(_ response: Response, at place: AnswerPlace, _ ledger: inout DoorLedger) -> Actions {
        guard isOpen else { return [] }
        switch place {
        case .line: append(response, &ledger)
        case .batch(let batch, let index):
            guard let array = add(response, to: batch, at: index, &ledger) else { return [] }
            inBatches -= batch.bytes
            output.append { $0 += array }
            settle(&ledger)
        }
        return flushSoon()
    }

    private mutating func append(_ response: Response, _ ledger: inout DoorLedger) {
        let before = unread
        var charged = chargedAnswers
        let account = account
        output.append { json in
            let start = json.count
            response.append(to: &json)
            let unread = before + json.count - start + 1
            // What is written by the next flush is not charged at all, unless it is much.
            if unread <= ledger.freeBytes || unread <= charged { return }
            if ledger.charge(answerBytes: unread - charged, to: account) {
                charged = unread
            } else {
                ledger.refuse(response, from: start, in: &json)
            }
        }
        chargedAnswers = charged
    }

    /// - Returns: The whole array if it was the last answer of the batch.
    private mutating func add(
        _ response: Response, to batch: BatchAnswer, at index: Int, _ ledger: inout DoorLedger
    ) -> [UInt8]? {
        var json = response.json
        let more = unread + json.count - chargedAnswers
        if more > 0 {
            if ledger.charge(answerBytes: more, to: account) {
                chargedAnswers += more
            } else {
                ledger.refuse(response, from: 0, in: &json)
            }
        }
        inBatches += json.count
        settle(&ledger)
        return batch.add(json, at: index)
    }

    /// Answers a line of which nothing else can be answered.
    mutating func refuse(_ error: ErrorObject, _ ledger: inout DoorLedger) {
        ledger.countRefusedLine(error)
        output.append { Response(id: .null, .error(error)).append(to: &$0) }
    }
}

extension DoorLedger {
    /// Puts an error in the place of an answer for which there is no room, unless the answer is a smaller error itself. Errors
    /// are charged by the next flush, and are never refused.
    fileprivate mutating func refuse(_ response: Response, from start: Int, in json: inout [UInt8]) {
        counters.refusedAnswers += 1
        let error = ErrorObject.overloadedServer("maxBufferedBytes", limits.maxBufferedBytes)
        let refusal = Response(id: response.id, .error(error)).json
        if case .error = response.outcome, json.count - start <= refusal.count { return }
        json.replaceSubrange(start..., with: refusal)
    }

    mutating func countRefusedLine(_ error: ErrorObject) { counters.refusedLines[error.code, default: 0] += 1 }
}
