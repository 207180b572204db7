import Testing

@testable import Systemd

struct PendingNoticesTests {
    private func texts(_ notices: [ServiceManager.Notice]) -> [String] {
        var pending = PendingNotices()
        for notice in notices { pending.add(notice) }
        #expect(pending.isEmpty == notices.isEmpty)
        return pending.datagrams.map { $0.text.replacing(#/USEC=\d+/#, with: "USEC=…") }
    }

    @Test func ofEachKindOnlyTheLastCounts() {
        #expect(texts([]) == [])
        #expect(texts([.status("a"), .ready, .alive, .status("b\nc"), .alive]) == ["READY=1\nSTATUS=b c\nWATCHDOG=1"])
        #expect(texts([.alive, .broken, .alive]) == ["WATCHDOG=trigger"])
        #expect(texts([.ready, .status("x"), .stopping]) == ["STOPPING=1\nSTATUS=x"])
    }

    @Test func aReloadIsReportedBeforeItsEnd() {
        let reload: [ServiceManager.Notice] = [.reloading, .ready, .status("fine")]
        let wanted = ["RELOADING=1\nMONOTONIC_USEC=…", "READY=1\nSTATUS=fine"]
        #expect(texts(reload) == wanted)
        #expect(texts([.ready] + reload + reload + reload) == wanted)
        #expect(texts(reload + [.stopping]) == ["STOPPING=1\nSTATUS=fine"])
    }

    @Test func descriptorsGoFirst() {
        var pending = PendingNotices()
        pending.add(.ready)
        pending.store(7, name: "slots")
        #expect(
            pending.datagrams == [
                .init(text: "FDSTORE=1\nFDNAME=slots", descriptor: 7), .init(text: "READY=1", descriptor: nil),
            ])
    }
}
