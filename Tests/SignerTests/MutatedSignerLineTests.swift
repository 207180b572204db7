import Foundation
import Testing

@testable import Signer

/// Lines that are almost requests for a UserSig, by a seed: no trap, and every promise of ``SignerLineCheck`` kept.
@Suite("Mutated lines to the signer") struct MutatedSignerLineTests {
    private static let count = ProcessInfo.processInfo.environment["IMATTRD_FUZZ_LINES"].flatMap { Int($0) } ?? 20_000

    private struct Generator: RandomNumberGenerator {
        var state: UInt64
        mutating func next() -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return state ^ state >> 29
        }
    }

    private static func corpus() throws -> [[UInt8]] {
        let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../Fuzz/signer-corpus")
        return try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
            .sorted { $0.lastPathComponent < $1.lastPathComponent }
            .map { Array(try Data(contentsOf: $0)) }
    }

    @Test func theyBreakNoPromise() throws {
        let corpus = try Self.corpus()
        #expect(corpus.count >= 8)
        var generator = Generator(state: 1)
        var requests = 0
        for _ in 0..<Self.count {
            let line = Self.mutated(corpus, &generator)
            let faults = SignerLineCheck.faults(of: line)
            #expect(faults.isEmpty, "\(String(decoding: line, as: UTF8.self).debugDescription): \(faults)")
            if (try? SignRequest(line: line.filter { $0 != 0x0A })) != nil { requests += 1 }
        }
        #expect(requests > Self.count / 100, "hardly any line was a request: the mutator tests little")
    }

    private static func mutated(_ corpus: [[UInt8]], _ generator: inout Generator) -> [UInt8] {
        var line = corpus.randomElement(using: &generator) ?? []
        for _ in 0..<Int.random(in: 0...3, using: &generator) {
            let place = Int.random(in: 0...line.count, using: &generator)
            switch Int.random(in: 0..<5, using: &generator) {
            case 0: line.insert(.random(in: 0...255, using: &generator), at: place)
            case 1: line.removeSubrange(place..<min(line.count, place + Int.random(in: 0...8, using: &generator)))
            case 2: if place < line.count { line[place] ^= 1 << UInt8.random(in: 0...7, using: &generator) }
            case 3: line.insert(contentsOf: line[place...].prefix(64), at: place)
            default: line.insert(contentsOf: corpus.randomElement(using: &generator) ?? [], at: place)
            }
        }
        return line
    }
}
