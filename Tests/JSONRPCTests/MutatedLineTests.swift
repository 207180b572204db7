import Foundation
import JSONRPC
import JSONTokens
import Testing

/// Lines from the corpus, mutated by a seed: no trap, and every promise of ``LineCheck`` kept.
///
/// A million of them: `IMATTRD_FUZZ_LINES=1000000 swift test --filter MutatedLineTests` (some two minutes); other ones with
/// another `IMATTRD_FUZZ_SEED`.
@Suite("Mutated lines")
struct MutatedLineTests {
    private static let count = setting("IMATTRD_FUZZ_LINES") ?? 20_000
    private static let seed = UInt64(setting("IMATTRD_FUZZ_SEED") ?? 1)

    private static func setting(_ name: String) -> Int? {
        ProcessInfo.processInfo.environment[name].flatMap { Int($0) }
    }

    /// The files of Tests/Fuzz/corpus, in an order that is the same everywhere.
    private static func corpus() throws -> [[UInt8]] {
        let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../Fuzz/corpus")
        return try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
            .sorted { $0.lastPathComponent.utf8.lexicographicallyPrecedes($1.lastPathComponent.utf8) }
            .map { Array(try Data(contentsOf: $0)) }
    }

    @Test func theCorpusItself() throws {
        let corpus = try Self.corpus()
        #expect(corpus.count > 20)
        for line in corpus { expectPromisesKept(line) }
    }

    @Test func mutatedCorpus() throws {
        var mutator = LineMutator(corpus: try Self.corpus(), seed: Self.seed)
        var requests = 0
        for index in 0..<Self.count {
            let line = mutator.next()
            expectPromisesKept(line)
            guard case .single(.request(let request)) = Message(line: line) else { continue }
            requests += 1
            // Foundation is slow: it looks at some of them.
            if index % 8 == 0 { expectRefereeAgrees(line, request) }
        }
        #expect(requests > Self.count / 50, "hardly any line was a request: the mutator tests little")
    }

    private func expectPromisesKept(_ line: [UInt8]) {
        let faults = LineCheck.faults(of: line)
        #expect(faults.isEmpty, "seed \(Self.seed): \(String(decoding: line, as: UTF8.self).debugDescription)")
    }

    /// What we take for a request is an object for Foundation too, with the same method; and our answer is JSON.
    private func expectRefereeAgrees(_ line: [UInt8], _ request: Request) {
        let answer = Response(id: .null, .error(ErrorObject(.methodNotFound, request.method))).json
        #expect((try? JSONSerialization.jsonObject(with: Data(answer))) != nil)
        // Foundation makes every value, and refuses lone surrogates and numbers beyond Double, which are JSON; and it
        // drops a byte order mark at the start of a string.
        let text = String(decoding: line, as: UTF8.self)
        guard !text.contains(/\\u[dD]/), !text.contains(/[eE][+\-]?[0-9]{3}/), !text.unicodeScalars.contains("\u{FEFF}")
        else {
            return
        }
        let theirs = try? JSONSerialization.jsonObject(with: Data(line)) as? [String: Any]
        #expect(theirs?["method"] as? String == request.method, "\(text.debugDescription)")
    }
}
