import Glibc
import IMAttrClient
import Testing

@testable import imattr

@Suite(.timeLimit(.minutes(15)))
struct AccountInputTests {
    private func input(_ sources: [AccountInput.Source]) -> AccountInput {
        AccountInput(sources)
    }

    private func blocks(_ input: AccountInput) async throws -> [Block] {
        var blocks: [Block] = []
        while let block = try await input.next() { blocks.append(block) }
        return blocks
    }

    private func numbers(_ range: Range<Int>) -> [Account] { range.map { Account("\($0)") } }

    private func file(_ text: String, in folder: String) throws -> String {
        let path = "\(folder)/\(text.utf8.count)"
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL, 0o600)
        defer { close(descriptor) }
        try FileDescriptor.write(Array(text.utf8), to: descriptor, name: path)
        return path
    }

    @Test func blocksEndAtMultiplesOfTheirSize() async throws {
        let blocks = try await blocks(input([.accounts(numbers(0..<700)), .accounts(numbers(700..<1001))]))
        #expect(blocks.map(\.accounts.count) == [500, 500, 1])
        #expect(blocks.map(\.end.accounts) == [500, 1000, 1001])
        #expect(blocks.flatMap(\.accounts) == numbers(0..<1001))
    }

    @Test func whatIsRepeatedWithinABlockIsGivenOnce() async throws {
        let given = numbers(0..<400) + numbers(0..<100) + numbers(0..<3) + ["é", "e\u{301}", "é"]
        let blocks = try await blocks(input([.accounts(given)]))
        #expect(blocks.map(\.accounts.count) == [400, 5])
        #expect(blocks.map(\.end.accounts) == [500, 506])
    }

    @Test func filesFollowEachOtherEachInItsForm() async throws {
        let folder = try FakeDaemon.temporaryFolder()
        let (lines, table) = (try file("\u{FEFF}a\nb", in: folder), try file("\u{FEFF}To_Account\nc\n", in: folder))
        defer {
            for path in [lines, table] { unlink(path) }
            rmdir(folder)
        }
        let input = input([
            .accounts(["x"]), .text({ try .open(lines) }, .lines), .text({ try .open(table) }, .csv),
        ])
        #expect(try await blocks(input).flatMap(\.accounts) == ["x", "a", "b", "c"])
    }

    @Test func aPauseOfAPipeIsNoReasonToWait() async throws {
        let folder = try FakeDaemon.temporaryFolder()
        let path = folder + "/pipe"
        defer {
            unlink(path)
            rmdir(folder)
        }
        try #require(mkfifo(path, 0o600) == 0)
        // Opened for both, so that neither end waits for the other.
        let pipe = open(path, O_RDWR)
        try FileDescriptor.write(Array("a\nb\nc".utf8), to: pipe, name: "a pipe")
        let input = input([.text({ try .open(path) }, .lines)])
        #expect(try await input.next()?.accounts == ["a", "b"])
        let waiting = Task { try await input.next() }
        waiting.cancel()
        await #expect(throws: CancellationError.self) { try await waiting.value }
        close(pipe)
    }

    @Test func anEarlierRunIsPassed() async throws {
        let first = input([.accounts(numbers(0..<800))])
        let end = try #require(try await blocks(first).first).end
        let again = input([.accounts(numbers(0..<900))])
        #expect(try await again.skip(to: end))
        #expect(try await blocks(again).flatMap(\.accounts) == numbers(500..<900))
        #expect(try await !input([.accounts(["x"] + numbers(1..<900))]).skip(to: end))
        #expect(try await !input([.accounts(numbers(0..<499))]).skip(to: end))
    }

    @Test func theDigestTellsWhereAccountsEnd() {
        var (one, other) = (InputPosition(), InputPosition())
        one.pass("ab")
        one.pass("c")
        other.pass("a")
        other.pass("bc")
        #expect(one.accounts == other.accounts)
        #expect(one != other)
    }

    @Test func whatIsWrongIsToldWithItsPlace() async throws {
        let folder = try FakeDaemon.temporaryFolder()
        let path = try file("a\n\(String(repeating: "x", count: 256))\n", in: folder)
        defer {
            unlink(path)
            rmdir(folder)
        }
        await #expect(
            throws: InputError.malformed(name: path, place: "line 2", what: "an account has at most 255 bytes")
        ) {
            _ = try await input([.text({ try .open(path) }, .lines)]).next()
        }
        await #expect(throws: InputError.unreadable(name: folder + "/no", errno: ENOENT)) {
            _ = try await input([.text({ try .open(folder + "/no") }, .lines)]).next()
        }
    }
}
