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

    /// The lines, as many as fit into so many rows, and no longer than fits into the columns. Users get at most half of the rows
    /// while there are connections for the others.
    func lines(rows: Int, columns: Int) -> [String] {
        guard let callers = last?.callers else { return [] }
        let users = callers.users.map { (rate(of: $0), $0) }.sorted {
            ($0.0, $0.1.accounts, $1.1.uid) > ($1.0, $1.1.accounts, $0.1.uid)
        }
        let connections = callers.connections.map { (rate(of: $0), $0) }.sorted {
            ($0.0, $0.1.accounts, $1.1.number) > ($1.0, $1.1.accounts, $0.1.number)
        }
        let room = max(4, rows - Self.frame)
        let roomForUsers = max(room / 2, room - connections.count)
        let userTable = FittedTable(Self.userColumns, room: columns)
        let connectionTable = FittedTable(Self.connectionColumns(hasRules: callers.hasRules), room: columns)
        let userLines = users.prefix(roomForUsers).map { userTable.line(cells($0.1)) }
        return [heading(callers, columns), "", style.bold(userTable.heading)] + userLines
            + ["", style.bold(connectionTable.heading)]
            + connections.prefix(room - userLines.count).map {
                connectionTable.line(cells($0.1, hasRules: callers.hasRules))
            }
    }

    /// Lines that are neither users nor connections.
    private static let frame = 5

    private func heading(_ callers: Callers, _ columns: Int) -> String {
        var text = "   \(Quantity.count(callers.connectionCount, "connection"))"
        if let limit = callers.rateLimit, let held = callers.slotsHeld {
            text += ", \(held) of \(limit) slots held"
        }
        return style.bold("imattrd") + TerminalText.cut(text, to: columns - "imattrd".count)
    }

    // What matters least comes last, as it is left out first.
    private static let userColumns: [FittedTable.Column] = [
        .init(title: "user", width: 16, least: 9), .init(title: "conns", width: 7), .init(title: "req/s", width: 9),
        .init(title: "accounts/s", width: 11), .init(title: "waiting", width: 10),
        .init(title: "requests", width: 12), .init(title: "accounts", width: 13),
    ]
    private static func connectionColumns(hasRules: Bool) -> [FittedTable.Column] {
        let rule = FittedTable.Column(title: "rule", width: 16, least: 8)
        return [.init(title: "connection", width: 12, least: 11), .init(title: "user", width: 16, least: 9)]
            + (hasRules ? [rule] : []) + [
                .init(title: "process", width: 24, least: 11), .init(title: "req/s", width: 9),
                .init(title: "accounts/s", width: 11), .init(title: "waiting", width: 8),
                .init(title: "open", width: 10),
            ]
    }

    private func cells(_ user: Callers.User) -> [String] {
        let before = previous?.callers.users.first { $0.uid == user.uid }
        return [
            userName(user.uid), "\(user.connections)", perSecond(user.requests, before?.requests),
            perSecond(user.accounts, before?.accounts), Quantity.grouped(user.waitingAccounts),
            Quantity.grouped(user.requests), Quantity.grouped(user.accounts),
        ]
    }

    private func cells(_ connection: Callers.Connection, hasRules: Bool) -> [String] {
        let before = previous?.callers.connections.first { $0.number == connection.number }
        return ["\(connection.number)", userName(connection.uid)] + (hasRules ? [connection.rule ?? "-"] : []) + [
            connection.pid == 0 ? "-" : "\(connection.pid) \(command(connection.pid))",
            perSecond(connection.requests, before?.requests), perSecond(connection.accounts, before?.accounts),
            "\(connection.waitingRequests)", Quantity.duration(seconds: connection.openSeconds),
        ]
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
    /// Its size; 24 rows of 80 columns if it does not say.
    static var size: (rows: Int, columns: Int) {
        var size = winsize()
        guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_row > 0, size.ws_col > 0 else {
            return (24, 80)
        }
        return (Int(size.ws_row), Int(size.ws_col))
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
