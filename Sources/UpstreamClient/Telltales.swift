/// Recognises secrets without holding them: hashes of their parts. Not one more place where they can be read.
struct Telltales: Sendable {
    /// A part of a secret that is this long counts as the secret: texts get cut anywhere, at both ends.
    static let length = 16

    /// Hashes by the length of what was hashed: of all parts of ``length``, and of a shorter secret as a whole.
    private var hashes: [Int: Set<Int>] = [:]

    /// The lengths of what to look for.
    var lengths: some Sequence<Int> { hashes.keys }

    /// Knows one more secret; an empty one is none.
    mutating func insert(_ secret: some Collection<UInt8>) {
        let length = min(secret.count, Self.length)
        guard length > 0 else { return }
        var window = Window(length: length)
        for byte in secret where window.append(byte) { hashes[length, default: []].insert(window.hash) }
    }

    /// Knows what another one knows, too.
    mutating func formUnion(_ other: Telltales) {
        hashes.merge(other.hashes) { $0.union($1) }
    }

    /// Whether the bytes in a window are a part of a secret.
    func contains(_ window: Window) -> Bool { hashes[window.length]?.contains(window.hash) ?? false }

    /// The last bytes of a text, as many as are compared.
    struct Window {
        let length: Int
        private var bytes = SIMD16<UInt8>()
        private var count = 0

        init(length: Int) { self.length = length }

        /// - Returns: Whether there are enough now.
        mutating func append(_ byte: UInt8) -> Bool {
            if count == length {
                for place in 1..<length { bytes[place - 1] = bytes[place] }
                bytes[length - 1] = byte
            } else {
                bytes[count] = byte
                count += 1
            }
            return count == length
        }

        /// Not to be foreseen outside of this process.
        var hash: Int {
            var hasher = Hasher()
            withUnsafeBytes(of: bytes) { hasher.combine(bytes: $0) }
            return hasher.finalize()
        }
    }
}
