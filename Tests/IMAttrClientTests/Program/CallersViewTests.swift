import Testing

@testable import imattr

/// What `imattr top` shows.
@Suite struct CallersViewTests {
    private func callers(_ accounts: Int, user: Int = 1000) throws -> Callers {
        try Callers(
            Array(
                """
                {"uptimeSeconds":5,"rateLimit":100,"slotsHeld":37,"users":[{"uid":\(user),"connections":2,"requests":\(accounts / 100),\
                "accounts":\(accounts),"waitingAccounts":12}],"connections":[{"connection":7,"uid":\(user),"gid":1,"pid":42,\
                "openSeconds":90,"requests":3,"accounts":\(accounts),"waitingRequests":1,"unreadBytes":0}],"connectionCount":2}
                """.utf8))
    }

    private var view: CallersView {
        CallersView(style: Style(isColoured: false), userName: { "user-\($0)" }, command: { _ in "evil\u{1B}[2J" })
    }

    @Test func ratesAreWhatHasComeInBetween() throws {
        var view = view
        #expect(view.lines(rows: 24, columns: 100) == [])
        view.look(try callers(1000), at: .zero)
        #expect(
            view.lines(rows: 24, columns: 100)[3].split(separator: " ").map(String.init) == [
                "user-1000", "2", "-", "-", "12", "10", "1,000",
            ])
        view.look(try callers(2000), at: .seconds(2))
        let lines = view.lines(rows: 24, columns: 100)
        #expect(lines[0] == "imattrd   2 connections, 37 of 100 slots held")
        #expect(
            lines[3].split(separator: " ").map(String.init) == ["user-1000", "2", "5.0", "500.0", "12", "20", "2,000"])
        #expect(lines[6].hasPrefix("7           user-1000       42 evil"))
        #expect(!lines.joined().contains("\u{1B}"))
    }

    /// Users and connections, 30 of each, with long names.
    /// - Parameter rule: That of all connections.
    private func crowd(rule: String? = nil) throws -> CallersView {
        let users = (0..<30).map {
            #"{"uid":\#(1000 + $0),"connections":1,"requests":1234567,"accounts":\#(123_456_789 + $0),"waitingAccounts":150000}"#
        }
        let rules = rule.map { #"{"name":"\#($0)"}"# } ?? ""
        let connections = (0..<30).map {
            #"{"connection":\#(12345 + $0),"uid":\#(1000 + $0)\#(rule.map { #","rule":"\#($0)""# } ?? ""),"pid":4194304,"openSeconds":93000,"requests":7,"accounts":\#($0)}"#
        }
        let json = """
            {"rateLimit":1000000,"slotsHeld":1000000,"users":[\(users.joined(separator: ","))],\
            "connections":[\(connections.joined(separator: ","))],"connectionCount":4096,"rules":[\(rules)]}
            """
        var view = CallersView(
            style: Style(isColoured: false), userName: { "a-user-with-a-long-name-\($0)" },
            command: { _ in "a-long-command" })
        view.look(try Callers(Array(json.utf8)), at: .zero)
        view.look(try Callers(Array(json.utf8)), at: .seconds(1))
        return view
    }

    @Test(arguments: [(9, 40), (24, 64), (24, 80), (50, 100), (24, 200)])
    func itFitsTheScreen(rows: Int, columns: Int) throws {
        let lines = try crowd().lines(rows: rows, columns: columns)
        #expect(lines.count == rows)
        #expect(lines.allSatisfy { TerminalText.width($0) <= columns }, "\(lines.joined(separator: "\n"))")
        let headings = lines.filter { $0.contains("accounts/s") }
        #expect(headings.count == (columns < 50 ? 1 : 2))
        #expect(lines[3].hasPrefix("a-user"))
    }

    /// A narrow screen cuts names before it leaves out figures.
    @Test func theLeastImportantIsLeftOutFirst() throws {
        let view = try crowd()
        let headings = [100, 80, 64].map { columns in
            view.lines(rows: 24, columns: columns).filter { $0.contains("req/s") }
                .map { $0.split(separator: " ").map(String.init).last }
        }
        #expect(headings == [["accounts", "open"], ["accounts", "open"], ["requests", "waiting"]])
    }

    /// Where the daemon has rules, each connection has the name of its own, and the screen still holds it.
    @Test(arguments: [(64, false), (80, true), (200, true)])
    func connectionsHaveTheirRules(columns: Int, hasAll: Bool) throws {
        let lines = try crowd(rule: "a-rule-of-shops").lines(rows: 24, columns: columns)
        #expect(lines.count == 24 && lines.allSatisfy { TerminalText.width($0) <= columns })
        let heading = try #require(lines.first { $0.hasPrefix("connection") }).split(separator: " ").map(String.init)
        #expect(heading.starts(with: ["connection", "user", "rule", "process", "req/s", "accounts/s"]))
        #expect(heading.contains("open") == hasAll)
        #expect(lines.suffix(3).allSatisfy { $0.contains(" a-rule") }, "\(lines.joined(separator: "\n"))")
        #expect(try !crowd().lines(rows: 24, columns: columns).joined().contains("rule"))
    }

    @Test func whoHasNoRuleHasADash() throws {
        let json = #"{"connections":[{"connection":7,"uid":1}],"rules":[{"name":"shop"}]}"#
        var view = view
        view.look(try Callers(Array(json.utf8)), at: .zero)
        let line = try #require(view.lines(rows: 24, columns: 100).last)
        #expect(line.split(separator: " ").prefix(3) == ["7", "user-1", "-"])
    }

    @Test func oneKindLeavesItsRowsToTheOther() throws {
        var view = view
        view.look(try callers(1), at: .zero)
        #expect(view.lines(rows: 7, columns: 80).count == 7)
        #expect(try crowd().lines(rows: 65, columns: 80).count == 65)
    }

    @Test func whatIsNoAnswerIsRefused() {
        #expect(throws: (any Error).self) { try Callers(Array("pong".utf8)) }
    }

    @Test func theSocketIsBesideThatOfTheCallers() {
        #expect(AdministrationSocket.path(for: "/run/imattrd/imattrd.sock") == "/run/imattrd-admin/imattrd.sock")
        #expect(AdministrationSocket.path(for: "/run/imattrd/second.sock") == "/run/imattrd-admin/second.sock")
        #expect(AdministrationSocket.path(for: "/run/imattrd-admin/second.sock") == "/run/imattrd-admin/second.sock")
        #expect(AdministrationSocket.path(for: "/tmp/own.sock") == "/tmp/own.sock")
    }
}
