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
        #expect(view.lines(rows: 24) == [])
        view.look(try callers(1000), at: .zero)
        #expect(
            view.lines(rows: 24)[3].split(separator: " ").map(String.init) == [
                "user-1000", "2", "-", "-", "12", "10", "1,000",
            ])
        view.look(try callers(2000), at: .seconds(2))
        let lines = view.lines(rows: 24)
        #expect(lines[0] == "imattrd   2 connections, 37 of 100 slots held")
        #expect(
            lines[3].split(separator: " ").map(String.init) == ["user-1000", "2", "5.0", "500.0", "12", "20", "2,000"])
        #expect(lines[6].hasPrefix("7           user-1000       42 evil"))
        #expect(!lines.joined().contains("\u{1B}"))
    }

    @Test func itFitsTheScreen() throws {
        var view = view
        view.look(try callers(1), at: .zero)
        #expect(view.lines(rows: 7).count <= 8)
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
