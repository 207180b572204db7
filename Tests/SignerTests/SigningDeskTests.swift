import Foundation
import Testing
import UserSig

@testable import Signer

@Suite("Who makes UserSigs") struct SigningDeskTests {
    private static let key = SecretKey("a made-up key")
    private var desk = SigningDesk(.success(Self.credential))

    private static let credential = SigningDesk.Credential(
        signer: UserSigSigner(sdkAppID: 1_400_000_001, key: key), admin: "ad\"min", lifetime: 900)

    private static let request = LineReader.Line.line(Array(#"{"jsonrpc":"2.0","id":7,"method":"sign"}"#.utf8))

    private struct Answer: Decodable {
        struct Result: Decodable, Equatable {
            var userSig: String
            var issuedAt: Int64
            var expiresAt: Int64
            var sdkAppId: UInt64
            var admin: String
        }
        struct Failure: Decodable {
            var code: Int
            var message: String
        }
        var id: Int?
        var result: Result?
        var error: Failure?
    }

    private mutating func ask(
        _ line: LineReader.Line = request, at second: Int64, wall: Int64? = nil
    ) throws -> Answer {
        let time = SigningDesk.Time(wall: wall ?? second, sinceBoot: .seconds(second))
        let answer = desk.answer(to: line, at: time)
        #expect(answer.last == UInt8(ascii: "\n"))
        #expect(answer.count { $0 == UInt8(ascii: "\n") } == 1)
        return try JSONDecoder().decode(Answer.self, from: Data(answer))
    }

    @Test mutating func signsForTheAdministratorAndTheTimeOfTheConfiguration() throws {
        let answer = try ask(at: 1000)
        #expect(answer.id == 7)
        let result = try #require(answer.result)
        #expect(result.issuedAt == 1000)
        #expect(result.expiresAt == 1900)
        #expect(result.sdkAppId == 1_400_000_001)
        #expect(result.admin == "ad\"min")
        let verifier = UserSigVerifier(sdkAppID: 1_400_000_001, key: Self.key)
        try verifier.verify(result.userSig, identifier: "ad\"min", now: 1900)
        #expect(throws: UserSigError.expired) {
            try verifier.verify(result.userSig, identifier: "ad\"min", now: 1901)
        }
    }

    @Test mutating func makesANewOneEveryTenSecondsAtMost() throws {
        let first = try ask(at: 1000).result
        #expect(try ask(at: 1009).result == first)
        // The time of day does not count.
        #expect(try ask(at: 1009, wall: 5000).result == first)
        #expect(try ask(at: 1009, wall: 0).result == first)
        #expect(desk.issued == 1)
        #expect(try ask(at: 1010).result?.issuedAt == 1010)
        #expect(desk.issued == 2)
    }

    @Test mutating func withoutAKeySaysWhatIsWrong() throws {
        desk = SigningDesk(.failure(SignerProblems(lines: ["one", "two"])))
        let error = try #require(try ask(at: 1000).error)
        #expect(error.code == -32005)
        #expect(error.message == "the signer has no usable key or configuration: one; two")
        #expect(desk.issued == 0)
    }

    @Test mutating func refusesWhatIsNoRequest() throws {
        #expect(try ask(.tooLong, at: 1000).error?.code == -32600)
        let answer = try ask(.line(Array(#"{"jsonrpc":"2.0","id":7,"method":"x"}"#.utf8)), at: 1000)
        #expect(answer.id == 7)
        #expect(answer.error?.code == -32601)
        #expect(desk.issued == 0)
    }
}
