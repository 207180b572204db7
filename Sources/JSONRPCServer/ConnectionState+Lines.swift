import JSONRPC
import JSONTokens

extension ConnectionState {
    /// Takes the next item of a batch or the next line.
    @inline(__always)
    mutating func next(_ ledger: inout DoorLedger) -> Step {
        if batch != nil { return nextOfBatch() }
        guard takesLines else { return .nothing }
        // Asked first, because it costs least.
        if takesInput, !lines.mayHaveLine { return .nothing }
        guard hasRoom(&ledger) else { return .nothing }
        if let piece = lines.next(from: &ledger.lines) { return take(piece, &ledger) }
        guard case .ended(let byClient) = phase else { return .nothing }
        inputTaken()
        guard byClient else {
            // The daemon has cut it off.
            lines.removeAll()
            return .nothing
        }
        guard let piece = lines.last() else { return .nothing }
        return take(piece, &ledger)
    }

    private mutating func nextOfBatch() -> Step {
        guard let (item, place) = batch?.takeItem() else { return .nothing }
        lastLineBytes = 0
        if batch?.isEmpty == true { batch = nil }
        return .item(item, place)
    }

    private mutating func take(_ piece: consuming LineBuffer.Piece, _ ledger: inout DoorLedger) -> Step {
        guard case .line(let line) = consume piece else {
            return end(with: .lineTooLong(lines.limit), &ledger)
        }
        lastLineBytes = line.count
        if line.allSatisfy(\.isJSONWhiteSpace) {
            ledger.lines.giveBack(line)
            return .line
        }
        if case .unknown = speech, let refusal = learnSpeech(line, &ledger) { return refusal }
        let message = Message(line: line)
        switch message {
        case .single(.request), .batch: spread = nil
        case .single(.invalid), .refused:
            if let step = takeSpread(line, &ledger) {
                ledger.lines.giveBack(line)
                return step
            }
        }
        ledger.lines.giveBack(line)
        return take(message, &ledger)
    }

    /// Looks at a line that is not a request: it may be one of several that should have been one.
    /// - Returns: What came of the line if it is; nil if it is to be refused by itself.
    private mutating func takeSpread(_ line: [UInt8], _ ledger: inout DoorLedger) -> Step? {
        if spread?.take(line) == true {
            if spread?.hasEnded == true { spread = nil }
            return .line
        }
        spread = SpreadText(firstLine: line)
        if spread == nil { return nil }
        refuse(.requestIsOneLine, &ledger)
        return .line
    }

    private mutating func take(_ message: consuming Message, _ ledger: inout DoorLedger) -> Step {
        switch consume message {
        case .single(let item): return .item(item, .line)
        case .refused(let error): refuse(error, &ledger)
        case .batch where !ledger.hasRoom(for: account, beyond: 0):
            // A thousand small errors are a large answer too.
            refuse(.overloadedServer("maxBufferedBytes", ledger.limits.maxBufferedBytes), &ledger)
        case .batch(let items):
            batch = BatchInProgress(items)
            return nextOfBatch()
        }
        return .line
    }

    /// Looks at the first line, which may be that of a client of another protocol.
    /// - Returns: What came of the line if it is; nil if it is to be read as JSON-RPC.
    private mutating func learnSpeech(_ line: [UInt8], _ ledger: inout DoorLedger) -> Step? {
        switch ForeignSpeech(firstLine: line) {
        case nil:
            speech = .jsonRPC
            return nil
        case .headerFraming:
            return end(with: .framingIsLines, &ledger)
        case .http:
            ledger.countRefusedLine(.thisIsNotHTTP)
            output.append { $0 += ForeignSpeech.httpAnswer }
            drain(&ledger)
            return .line
        }
    }

    /// Refuses a line after which no other can be taken.
    private mutating func end(with error: ErrorObject, _ ledger: inout DoorLedger) -> Step {
        refuse(error, &ledger)
        drain(&ledger)
        return .line
    }
}
