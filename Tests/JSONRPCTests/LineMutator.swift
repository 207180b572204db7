/// Makes lines out of a corpus: bytes changed, cut, doubled and moved, tokens put in, two lines crossed. The same seed
/// gives the same lines.
struct LineMutator {
    private let corpus: [[UInt8]]
    private var random: SplitMix64

    private static let pieces: [[UInt8]] =
        [
            "{", "}", "[", "]", ",", ":", "\"", "\\", "0", "-", "1.5e+3", "null", "true", " ", "\t", "\r", "\n",
            "\u{0}", "\u{1F}",
            "\\u0069", "\\ud800", "\\ud83d\\ude00", "\\n", "é", "\u{85}", "\u{2028}", "\u{2029}", "😀", "\u{FEFF}",
            "\"id\":", "\"id\":1,",
            "\"jsonrpc\":\"2.0\",", "\"method\":", "\"params\":", "\"To_Account\":", "\"x\":1,",
            String(repeating: "[", count: 70), "[]", "{}",
        ].map { Array($0.utf8) } + [
            [0xC0, 0xAF], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xFF], [0x80], [0xE2, 0x80],
        ]

    /// Mutates the lines of `corpus`, which must not be empty.
    init(corpus: [[UInt8]], seed: UInt64) {
        self.corpus = corpus
        random = SplitMix64(state: seed)
    }

    /// The next line, of at most some kilobytes.
    mutating func next() -> [UInt8] {
        var line = corpus[random.below(corpus.count)]
        for _ in 0..<random.below(4) { mutate(&line) }
        return Array(line.prefix(8192))
    }

    private mutating func mutate(_ line: inout [UInt8]) {
        let start = random.below(line.count + 1)
        let end = min(line.count, start + random.below(1 << random.below(6)))
        switch random.below(7) {
        case 0: line.removeSubrange(start..<end)
        case 1: line.insert(contentsOf: line[start..<end], at: end)
        case 2: line.insert(contentsOf: Self.pieces[random.below(Self.pieces.count)], at: start)
        case 3: line.replaceSubrange(start..<end, with: Self.pieces[random.below(Self.pieces.count)])
        case 4: if start < line.count { line[start] ^= 1 << UInt8(random.below(8)) }
        case 5: line.insert(contentsOf: line[start..<end], at: random.below(line.count + 1))
        default:
            let other = corpus[random.below(corpus.count)]
            line.replaceSubrange(start..., with: other.dropFirst(random.below(other.count + 1)))
        }
    }
}

/// Steele, Lea and Flood's generator: small, and the same everywhere.
struct SplitMix64: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }

    /// A number from 0 up to, but not, `bound`.
    mutating func below(_ bound: Int) -> Int { Int.random(in: 0..<bound, using: &self) }
}
