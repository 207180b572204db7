/// An HTTP answer, and how it is to be sent.
struct Answer {
    /// What happens to the connection after the answer.
    enum Ending: Equatable {
        /// What the request asked for; HTTP/1.1 keeps it.
        case asRequested
        /// It is closed, as `Connection: close` in the answer says.
        case announcedClose
        /// It is closed without a word.
        case silentClose
        /// It is closed when so many bytes of the body have been sent, fewer than the head says.
        case cut(bodyBytes: Int)
        /// It is reset (TCP RST) when so many bytes of the body have been sent, fewer than the head says.
        case reset(bodyBytes: Int)
    }

    /// What is sent though it belongs to no answer.
    enum Surplus: Equatable {
        /// These bytes, in the same write as the answer's end.
        case bytes([UInt8])
        /// The whole answer once more, so long after its end; with 0 in the same write.
        case again(after: Duration)
    }

    var status = 200
    var headers: [(name: String, value: String)] = []
    var body: [UInt8]
    var ending = Ending.asRequested
    /// The pause between two bytes of the body; nil sends it at once.
    var pausePerByte: Duration?
    /// How much later than other answers it is sent.
    var delay = Duration.zero
    /// What comes after it.
    var surplus: Surplus?

    init(json: [UInt8]) {
        body = json
    }

    /// A page as gateways and proxies make them. It contains the whole URL, as some do.
    init(status: Int, pageFor uri: String) {
        self.status = status
        headers = [("Content-Type", "text/html")]
        let page = """
            <html>
            <head><title>\(status)</title></head>
            <body><h1>\(status)</h1><p>The request for \(uri) could not be served.</p></body>
            </html>

            """
        body = Array(page.utf8)
    }

    func with(_ change: (inout Answer) -> Void) -> Answer {
        var copy = self
        change(&copy)
        return copy
    }
}

/// What the sandbox does about a request.
enum Reaction {
    case answer(Answer)
    /// From now on each request of the connection gets the answer of the one before it; this one, if it is the
    /// connection's first, gets the answer `first`.
    case late(Answer, first: Answer)
    /// The connection is reset (TCP RST) without an answer.
    case reset
    /// Nothing comes; the connection stays open.
    case silence
}

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
