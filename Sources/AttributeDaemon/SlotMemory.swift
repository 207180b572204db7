import AttributeValues
import CallScheduling
import DaemonConfiguration
import Glibc
import Synchronization

/// The limiter's slots in a file that outlives the process: one without a name, which the service manager keeps open, or the lock
/// file beside a socket.
///
/// It is written with pwrite(2), not mapped: a file with a name can be cut by others, and a mapped one would kill the process then.
/// What was written is there when the process is killed, and so before a byte of a call can leave.
///
/// A slot is one word: 0 is free, -1 under way, anything else the nanosecond (CLOCK_MONOTONIC) at which it comes back. Four
/// words stand before the slots: what the file is, how many slots have ever been used, and the boot of the machine, whose clock
/// that is. On that clock, a machine that sleeps between two processes makes slots come back later, and never too early.
public final class SlotMemory: Sendable {
    /// Why the words say nothing about the slots: this program has not written them, or not since the machine was started, or
    /// not to their end.
    struct Unknown: Error {}

    /// Slots that there is room for; as many calls a second may be configured.
    private static let capacity = 1_000_000
    private static let headerWords = 4
    /// "imattrd" and the version of this layout.
    private static let magic: Int64 = 0x696D_6174_7472_6402
    private static let underWay: Int64 = -1
    /// The bytes with which a file of slots begins.
    public static let mark = withUnsafeBytes(of: magic) { Array($0) }

    private enum State {
        /// - Parameter used: Slots that are in the file.
        case writing(used: Int)
        /// The file says that it is void.
        case failed
    }

    private let file: CInt
    private let boot: (Int64, Int64)
    private let failed: @Sendable (CInt) -> Void
    private let state = Mutex(State.writing(used: 0))
    /// What is written down.
    private let written: Result<[SlotTable.State], Unknown>

    /// Whether nothing is known of the slots of an earlier process: then all count as used.
    public var isVoid: Bool { if case .failure = written { true } else { false } }

    /// Reads the file.
    /// - Parameters:
    ///   - descriptor: Stays open as long as this is used.
    ///   - isNew: Whether no process can have written to it.
    ///   - boot: What distinguishes this boot of the machine from others; nil if that is not known.
    ///   - failed: Called once, with an `errno`, when something cannot be written down. What is in the file is void then.
    public init(
        descriptor: CInt, isNew: Bool, boot: [UInt8]? = SlotMemory.bootID,
        failed: @escaping @Sendable (CInt) -> Void = { _ in }
    ) {
        file = descriptor
        self.failed = failed
        let words = Self.words(boot ?? [])
        self.boot = words.count == 2 ? (words[0], words[1]) : (0, 0)
        written = isNew ? .success([]) : Self.read(descriptor, self.boot)
        // A process that comes before any call finds that none was made.
        if isNew { replace(with: [], asleep: .zero) }
    }

    /// For a file that no boot of the machine survives. The number of the boot cannot be read where only processes are visible in
    /// /proc (ProcSubset=pid), as in the shipped units.
    public static let bootOfMemory = [UInt8](repeating: 0xFF, count: 16)

    /// The kernel's number for this boot of the machine; nil if it does not say.
    public static var bootID: [UInt8]? {
        guard case .success(let text) = SmallFile.read("/proc/sys/kernel/random/boot_id", limit: 4096) else {
            return nil
        }
        let digits = text.filter { $0 != UInt8(ascii: "-") && $0 > 0x20 }
        let bytes = stride(from: 0, to: digits.count - 1, by: 2).compactMap { index in
            UInt8(String(decoding: digits[index...index + 1], as: UTF8.self), radix: 16)
        }
        return bytes.count == 16 ? bytes : nil
    }

    // MARK: Reading

    /// What was written down when the file was opened.
    /// - Parameter asleep: How long the machine has slept until now, which lies between the two clocks.
    func states(asleep: Duration) -> Result<[SlotTable.State], Unknown> {
        written.map { states in
            states.map { state in
                if case .held(let until) = state { .held(until: until + asleep) } else { state }
            }
        }
    }

    private static func read(_ file: CInt, _ boot: (Int64, Int64)) -> Result<[SlotTable.State], Unknown> {
        let header = words(bytes(file, at: 0, count: headerWords))
        guard header.count == headerWords, header[0] == magic, (0...Int64(capacity)).contains(header[1]),
            boot != (0, 0),
            header[2] == boot.0, header[3] == boot.1
        else { return .failure(Unknown()) }
        let slots = words(bytes(file, at: headerWords, count: Int(header[1])))
        guard slots.count == header[1] else { return .failure(Unknown()) }
        var states: [SlotTable.State] = []
        for word in slots {
            switch word {
            case 0: states.append(.free)
            case underWay: states.append(.underWay)
            case 1...: states.append(.held(until: Moment(nanoseconds: word)))
            default: return .failure(Unknown())
            }
        }
        return .success(states)
    }

    /// As many of the bytes of these words as there are.
    private static func bytes(_ file: CInt, at word: Int, count: Int) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count * MemoryLayout<Int64>.stride)
        var done = 0
        while done < bytes.count {
            let got = bytes.withUnsafeMutableBytes { buffer in
                let rest = buffer[done...]
                return pread(
                    file, UnsafeMutableRawBufferPointer(rebasing: rest).baseAddress, rest.count,
                    offset(word) + off_t(done))
            }
            if got < 0, errno == EINTR { continue }
            if got <= 0 { break }
            done += got
        }
        return Array(bytes.prefix(done))
    }

    private static func words(_ bytes: [UInt8]) -> [Int64] {
        bytes.withUnsafeBytes { bytes in
            (0..<bytes.count / MemoryLayout<Int64>.stride).map {
                bytes.loadUnaligned(fromByteOffset: $0 * MemoryLayout<Int64>.stride, as: Int64.self)
            }
        }
    }

    private static func offset(_ word: Int) -> off_t { off_t(word * MemoryLayout<Int64>.stride) }

    // MARK: Writing

    /// Starts anew with these; no others are in use. At no moment in between is less written down than before or after.
    func replace(with changes: [SlotTable.Change], asleep: Duration) {
        let known = changes.filter { $0.slot < Self.capacity }
        var slots = [Int64](repeating: 0, count: known.map { $0.slot + 1 }.max() ?? 0)
        for change in known { slots[change.slot] = Self.word(for: change.state, asleep) }
        state.withLock { state in
            write(slots, at: Self.headerWords, &state)
            write([Self.magic, Int64(slots.count), boot.0, boot.1], at: 0, &state)
            if case .writing = state { state = .writing(used: slots.count) }
        }
    }

    /// Writes down what has changed.
    func write(_ changes: [SlotTable.Change], asleep: Duration) {
        if changes.isEmpty { return }
        state.withLock { state in
            for change in changes where change.slot < Self.capacity {
                guard case .writing(let used) = state else { return }
                write([Self.word(for: change.state, asleep)], at: Self.headerWords + change.slot, &state)
                guard change.slot >= used, case .writing = state else { continue }
                state = .writing(used: change.slot + 1)
                write([Int64(change.slot) + 1], at: 1, &state)
            }
        }
    }

    private func write(_ words: [Int64], at place: Int, _ state: inout State) {
        guard case .writing = state else { return }
        if let error = put(words, at: place) {
            state = .failed
            // The machine's boot is known no more. There is room for this where there was room for the header.
            _ = put([0, 0], at: 2)
            failed(error)
        }
    }

    /// - Returns: The `errno`, if that fails.
    private func put(_ words: [Int64], at place: Int) -> CInt? {
        words.withUnsafeBytes { bytes in
            var done = 0
            while done < bytes.count {
                let rest = UnsafeRawBufferPointer(rebasing: bytes[done...])
                let count = pwrite(file, rest.baseAddress, rest.count, Self.offset(place) + off_t(done))
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { return count < 0 ? errno : ENOSPC }
                done += count
            }
            return nil
        }
    }

    private static func word(for state: SlotTable.State, _ asleep: Duration) -> Int64 {
        switch state {
        case .free: 0
        case .underWay: underWay
        case .held(let moment): max(1, (moment - asleep).nanoseconds)
        }
    }
}
