import Testing
import UserSig

@testable import UpstreamClient

@Suite("The connection to the signer") struct SignerLinkStateTests {
    private var state = SignerLinkState()
    private static let refusal = #"{"id":1,"error":{"code":-32005,"message":"no key"}}"#
    private static let refused = SignerAnswer.refused(isMisconfigured: true, message: "no key")

    private mutating func receive(_ text: String) -> [SignerLinkState.Action] { state.received(Array(text.utf8)) }

    @Test mutating func asksOnceConnectedAndStaysConnected() {
        #expect(state.start() == [.setAlarm(SignerLinkState.patience), .connect])
        #expect(state.wantAnother() == [])
        #expect(state.connected() == [.setAlarm(SignerLinkState.patience), .ask])
        #expect(state.wantAnother() == [])
        #expect(receive(Self.refusal) == [.answered(Self.refused, isFirst: true)])
        #expect(state.wantAnother() == [.setAlarm(SignerLinkState.patience), .ask])
        #expect(receive(Self.refusal) == [.answered(Self.refused, isFirst: false)])
        #expect(state.timeIsUp() == [.setAlarm(SignerLinkState.patience), .ask])
    }

    @Test mutating func pausesGrowWhileTheSignerIsAway() {
        _ = state.start()
        var pauses: [Duration] = []
        for _ in 0..<8 {
            let actions = state.connectingFailed("No such file or directory")
            guard case .setAlarm(let pause)? = actions.first else { return #expect(Bool(false)) }
            #expect(actions.last == .failed(.away("it cannot be reached: No such file or directory")))
            pauses.append(pause)
            #expect(state.timeIsUp() == [.setAlarm(SignerLinkState.patience), .connect])
        }
        #expect(pauses.prefix(3) == [.milliseconds(200), .milliseconds(400), .milliseconds(800)])
        #expect(pauses.last == SignerLinkState.longestPause)
        // An answer ends it.
        _ = state.connected()
        _ = receive(Self.refusal)
        #expect(state.closed() == [.setAlarm(.milliseconds(100))])
    }

    /// A signer that is restarted closes the connection: it is asked anew, and nothing has failed.
    @Test mutating func endOfTheConnectionAsksAnew() {
        _ = state.start()
        _ = state.connected()
        _ = receive(Self.refusal)
        #expect(state.closed() == [.setAlarm(.milliseconds(100))])
        #expect(state.timeIsUp() == [.setAlarm(SignerLinkState.patience), .connect])
        _ = state.connected()
        #expect(receive(Self.refusal) == [.answered(Self.refused, isFirst: true)])
    }

    @Test mutating func silenceNonsenseAndAnEndInsteadOfAnAnswerAreFailures() {
        _ = state.start()
        #expect(state.timeIsUp() == [.close, .setAlarm(.milliseconds(200)), .failed(.away("it does not answer"))])
        _ = state.timeIsUp()
        _ = state.connected()
        #expect(state.timeIsUp() == [.close, .setAlarm(.milliseconds(400)), .failed(.away("it does not answer"))])
        _ = state.timeIsUp()
        _ = state.connected()
        let nonsense = SignerTrouble.away("its answer cannot be understood")
        #expect(receive("{}") == [.close, .setAlarm(.milliseconds(800)), .failed(nonsense)])
        _ = state.timeIsUp()
        _ = state.connected()
        #expect(state.received(nil) == [.close, .setAlarm(.milliseconds(1600)), .failed(nonsense)])
        _ = state.timeIsUp()
        _ = state.connected()
        #expect(state.closed().last == .failed(.away("it has closed the connection")))
    }

    @Test mutating func nothingFollowsTheStop() {
        _ = state.start()
        #expect(state.stop() == [.close])
        #expect(state.stop() == [])
        #expect(state.connected() == [])
        #expect(state.connectingFailed("x") == [])
        #expect(state.timeIsUp() == [])
        #expect(state.closed() == [])
        #expect(receive(Self.refusal) == [])
    }
}

@Suite("The signer's answer") struct SignerAnswerTests {
    @Test func isRead() {
        let line =
            #"{"jsonrpc":"2.0","id":1,"result":{"userSig":"eJw*-_0","issuedAt":1000,"expiresAt":1900,"sdkAppId":1400000001,"admin":"ad\"min","new":[1]}}"#
        let issued = IssuedSignature(
            signature: UserSig(text: "eJw*-_0", expiresAt: 1900), issuedAt: 1000, sdkAppID: 1_400_000_001,
            admin: "ad\"min")
        #expect(SignerAnswer(line: Array(line.utf8)) == .issued(issued))
        #expect(issued.lifetime == 900)
    }

    @Test(arguments: [
        "", "x", "[]", "{}", #"{"result":null}"#, #"{"result":{}}"#, #"{"result":{"userSig":"a"}} x"#,
        // A text that would end the query's parameter, or the request's line.
        #"{"result":{"userSig":"a&b=c","issuedAt":1000,"expiresAt":1900,"sdkAppId":1,"admin":"a"}}"#,
        #"{"result":{"userSig":"a\r\n","issuedAt":1000,"expiresAt":1900,"sdkAppId":1,"admin":"a"}}"#,
        #"{"result":{"userSig":"","issuedAt":1000,"expiresAt":1900,"sdkAppId":1,"admin":"a"}}"#,
        #"{"result":{"userSig":"a","issuedAt":1900,"expiresAt":1900,"sdkAppId":1,"admin":"a"}}"#,
        #"{"result":{"userSig":"a","issuedAt":1000,"expiresAt":9223372036854775807,"sdkAppId":1,"admin":"a"}}"#,
        #"{"result":{"userSig":"a","issuedAt":-1,"expiresAt":1900,"sdkAppId":1,"admin":"a"}}"#,
        #"{"result":{"userSig":"a","issuedAt":1000,"expiresAt":1900,"sdkAppId":-1,"admin":"a"}}"#,
    ])
    func isNone(_ line: String) { #expect(SignerAnswer(line: Array(line.utf8)) == nil) }

    @Test func refusalsAreToldApart() {
        func read(_ code: Int) -> SignerAnswer? {
            SignerAnswer(line: Array(#"{"id":null,"error":{"code":\#(code),"message":"m"}}"#.utf8))
        }
        #expect(read(-32005) == .refused(isMisconfigured: true, message: "m"))
        #expect(read(-32000) == .refused(isMisconfigured: false, message: "m"))
    }
}
