/// An HTTP answer, and how it is to be sent.
struct Answer {
    /// What happens to the connection after the answer.
    enum Ending {
        /// What the request asked for; HTTP/1.1 keeps it.
        case asRequested
        /// It is closed, as `Connection: close` in the answer says.
        case announcedClose
        /// It is closed without a word.
        case silentClose
    }

    var status = 200
    var headers: [(name: String, value: String)] = []
    var body: [UInt8]
    var ending = Ending.asRequested
    /// The pause between two bytes of the body; nil sends it at once.
    var pausePerByte: Duration?

    init(json: String) {
        body = Array(json.utf8)
    }

    /// A page as gateways and proxies make them. It tells the whole URL, as some do.
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
    /// The connection is reset (TCP RST) without an answer.
    case reset
    /// Nothing comes; the connection stays open.
    case silence
}
