import NIOCore
import Testing

@testable import JSONRPCServer

/// Clients that do anything at any moment. `TestServer` checks what must hold in the end.
@Suite struct RandomClientsTests {
    private static let limits: ServerLimits = {
        var limits = ServerLimits()
        limits.maxConnections = 12
        limits.maxLineBytes = 20_000
        limits.maxBufferedBytes = 3_000_000
        return limits
    }()

    @Test(arguments: 1...8) func nothingIsLeftOfThem(_ seed: UInt64) throws {
        try TestServer.run(Self.limits) { server in
            var random = SeededGenerator(seed)
            var clients: [Client] = []
            for _ in 1...1000 {
                if clients.isEmpty || clients.count < 16 && random.oneIn(4) { clients.append(try server.client()) }
                try step(&clients, Int.random(in: clients.indices, using: &random), server, &random)
            }
            for client in clients { client.close() }
            // Connections are accepted in their order: when this one is answered, or closed by what another had sent, none
            // is still to come.
            let last = try server.client()
            try last.send(request("now"))
            _ = try last.line()
            last.close()
            try server.wait { server, _ in server.connectionCount == 0 }
            #expect(try server.counters == .init())
        }
    }

    private func step(
        _ clients: inout [Client], _ index: Int, _ server: TestServer, _ random: inout SeededGenerator
    ) throws {
        switch Int.random(in: 0..<100, using: &random) {
        case ..<60: _ = clients[index].sendWhatFits(Array(text(&random).utf8)[...])
        case ..<70: clients[index].receiveWhatIsThere()
        case ..<80:
            let (choice, size) = (Int.random(in: 0..<1000, using: &random), Int.random(in: 0..<50_000, using: &random))
            try server.onLoop { _, service in service.answerOne(choice, with: size) }
        case ..<87: clients[index].halfClose()
        case ..<99: clients.remove(at: index).close()
        default: try server.onLoop { server, _ in server.closeConnectionsNow() }
        }
    }

    private func text(_ random: inout SeededGenerator) -> String {
        var text = ""
        for _ in 0..<Int.random(in: 1...8, using: &random) {
            let item = item(&random)
            text += random.oneIn(3) ? "[\(item.dropLast()),\(self.item(&random).dropLast())]\n" : item
        }
        // Sometimes a line is left without its end, for the next text to go on with.
        return random.oneIn(4) ? String(text.dropLast(Int.random(in: 0..<text.count, using: &random))) : text
    }

    private func item(_ random: inout SeededGenerator) -> String {
        let id = Int.random(in: 0..<5, using: &random)
        switch Int.random(in: 0..<40, using: &random) {
        case ..<8: return request("now", id: id)
        case ..<16: return request("wait", id: id)
        case ..<22: return request("soon", id: id)
        case ..<26: return notification("cancel", "[\(id)]")
        case ..<32: return request("large/\(Int.random(in: 0..<60_000, using: &random))", id: id)
        case ..<34: return request("greedy", id: id)
        case ..<36: return request("fail/\(Int.random(in: 0..<2000, using: &random))", id: id)
        case ..<38: return "junk\n"
        case 38: return String(repeating: "x", count: Int.random(in: 0..<30_000, using: &random)) + "\n"
        default: return request("closeAll", id: id)
        }
    }
}

/// SplitMix64: the same numbers for the same seed.
private struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    mutating func oneIn(_ count: Int) -> Bool { Int.random(in: 0..<count, using: &self) == 0 }
}
