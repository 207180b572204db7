import Glibc

/// What `imattr top` shows: users and connections with what they ask for each second.
struct CallersView {
    private struct Look {
        let callers: Callers
        let at: Duration
    }

    private let style: Style
    private let userName: (Int) -> String
    private let command: (Int) -> String
    private var last: Look?
    private var previous: Look?

    /// - Parameters:
    ///   - userName: The name of a user.
    ///   - command: The name of a process.
    init(
        style: Style, userName: @escaping (Int) -> String = { Names.user(uid_t(truncatingIfNeeded: $0)) },
        command: @escaping (Int) -> String = Self.command
    ) {
        self.style = style
        self.userName = userName
        self.command = command
    }

    /// Takes what the daemon says.
    mutating func look(_ callers: Callers, at now: Duration) {
        previous = last
        last = Look(callers: callers, at: now)
    }

    /// The lines, those of connections cut so that all fit into so many.
    func lines(rows: Int) -> [String] {
        guard let callers = last?.callers else { return [] }
        var lines = [heading(callers), "", style.bold(Self.userHeading)]
        let users = callers.users.sorted { (rate(of: $0), $0.accounts) > (rate(of: $1), $1.accounts) }
        lines += users.map(line)
        lines += ["", style.bold(Self.connectionHeading)]
        let connections = callers.connections.sorted { (rate(of: $0), $0.accounts) > (rate(of: $1), $1.accounts) }
        let room = max(3, rows - lines.count)
        lines += connections.prefix(room).map(line)
        return Array(lines.prefix(max(rows, 8)))
    }

    private func heading(_ callers: Callers) -> String {
        var text = "\(Quantity.count(callers.connectionCount, "connection"))"
        if let limit = callers.rateLimit, let held = callers.slotsHeld {
            text += ", \(held) of \(limit) slots held"
        }
        return style.bold("imattrd") + "   " + text
    }

    private static let userHeading = row([
        ("user", -16), ("conns", 7), ("req/s", 9), ("accounts/s", 11), ("waiting", 10), ("requests", 12),
        ("accounts", 13),
    ])
    private static let connectionHeading = row([
        ("connection", -12), ("user", -16), ("process", -24), ("open", 8), ("req/s", 9), ("accounts/s", 11),
        ("waiting", 8),
    ])

    private func line(_ user: Callers.User) -> String {
        let before = previous?.callers.users.first { $0.uid == user.uid }
        return Self.row([
            (userName(user.uid), -16), ("\(user.connections)", 7), (perSecond(user.requests, before?.requests), 9),
            (perSecond(user.accounts, before?.accounts), 11), (Quantity.grouped(user.waitingAccounts), 10),
            (Quantity.grouped(user.requests), 12), (Quantity.grouped(user.accounts), 13),
        ])
    }

    private func line(_ connection: Callers.Connection) -> String {
        let before = previous?.callers.connections.first { $0.number == connection.number }
        let process = connection.pid == 0 ? "-" : "\(connection.pid) \(command(connection.pid))"
        return Self.row([
            ("\(connection.number)", -12), (userName(connection.uid), -16), (process, -24),
            (Quantity.duration(seconds: connection.openSeconds), 8),
            (perSecond(connection.requests, before?.requests), 9),
            (perSecond(connection.accounts, before?.accounts), 11), ("\(connection.waitingRequests)", 8),
        ])
    }

    private func rate(of user: Callers.User) -> Int {
        user.accounts - (previous?.callers.users.first { $0.uid == user.uid }?.accounts ?? 0)
    }

    private func rate(of connection: Callers.Connection) -> Int {
        connection.accounts - (previous?.callers.connections.first { $0.number == connection.number }?.accounts ?? 0)
    }

    /// What has come since the look before; who was not there had nothing then.
    private func perSecond(_ now: Int, _ before: Int?) -> String {
        guard let last, let previous, last.at > previous.at else { return "-" }
        return Quantity.tenths(Double(now - (before ?? 0)) / ((last.at - previous.at) / .seconds(1)))
    }

    /// Texts in columns; a negative width is that of a text on the left.
    private static func row(_ columns: [(text: String, width: Int)]) -> String {
        columns.map { text, width in
            let text = TerminalText.cut(TerminalText.escape(text), to: abs(width) - 1)
            if width < 0 { return TerminalText.pad(text, to: -width) }
            return String(repeating: " ", count: max(1, width - TerminalText.width(text))) + text
        }.joined()
    }

    /// The name of a process, as proc(5) has it; a question mark if there is none any more.
    private static func command(_ pid: Int) -> String {
        guard let file = fopen("/proc/\(pid)/comm", "r") else { return "?" }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 64)
        let count = fread(&bytes, 1, bytes.count, file)
        return String(decoding: bytes.prefix(count).prefix { $0 != 0x0A }, as: UTF8.self)
    }
}

/// The terminal.
enum Screen {
    /// Its rows; 24 if it does not say.
    static var rows: Int {
        var size = winsize()
        guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_row > 0 else { return 24 }
        return Int(size.ws_row)
    }
}

extension StandardOutput {
    /// Home, each line cleared to its end, and what was below cleared: nothing flickers.
    mutating func write(screen lines: [String]) throws {
        let text = lines.map { "\($0)\u{1B}[K" }.joined(separator: "\n")
        try write(line: "\u{1B}[H\(text)")
        try write(line: "\u{1B}[J")
    }
}
