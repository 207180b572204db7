import Glibc

/// What `imattr status --watch` writes, look after look.
struct StatusWatch {
    private enum Form {
        case screen, lines, json
    }

    private let form: Form
    private var view: LiveView
    private var output: StandardOutput
    private let start = ContinuousClock.now
    private var lineCount = 0

    /// - Parameter format: What is asked for; nil for what is usual.
    init(_ format: AnswerFormat?) {
        form =
            switch format {
            case .json, .ndjson: .json
            case .table, nil: StandardOutput.isTerminal ? .screen : .lines
            }
        output = (format ?? .table).output
        view = LiveView(style: Style(isTerminal: StandardOutput.isTerminal))
    }

    /// Whether it is a picture on a terminal.
    var isScreen: Bool { form == .screen }

    /// Shows the JSON text of a status.
    mutating func show(_ json: [UInt8]) throws {
        let now = ContinuousClock.now - start
        switch form {
        case .json:
            try output.write(json: json)
        case .lines:
            guard let line = view.line(try DaemonStatus(json), at: now) else { return }
            if lineCount.isMultiple(of: 20) { try output.write(line: LiveView.heading) }
            lineCount += 1
            try output.write(line: line)
        case .screen:
            try output.write(
                screen: view.screen(try DaemonStatus(json), at: now, seconds: time(nil), uid: getuid()) + [
                    "", "q leaves",
                ])
        }
        try output.flush()
    }

    /// Says why there is no status this time.
    mutating func show(_ failure: Failure) throws {
        guard case .screen = form else { return StandardError.write(failure.text) }
        try output.write(screen: ["imattrd   \(TerminalText.escape(failure.text))"])
        try output.flush()
    }
}
