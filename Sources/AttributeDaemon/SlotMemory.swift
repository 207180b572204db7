import AttributeValues
import CallScheduling
import Glibc
import Synchronization

/// The limiter's slots in memory that outlives the process: a file without a name, which the service manager keeps open.
///
/// A slot is one word: 0 is free, -1 under way, anything else the nanosecond (CLOCK_MONOTONIC) at which it comes back. On that
/// clock, a machine that sleeps between two processes makes slots come back later, and never too early. Two words stand before
/// the slots: what the file is, and how many slots have ever been used.
public final class SlotMemory: Sendable {
    /// Why the words cannot have been written by this program.
    struct Malformed: Error {}

    /// Slots that there is room for; as many calls a second may be configured.
    private static let capacity = 1_000_000
    private static let headerWords = 2
    /// Bytes of the file. Of a new one, all are zero, which means that all slots are free.
    public static let size = (capacity + headerWords) * MemoryLayout<Int64>.stride
    /// "imattrd" and the version of this layout.
    private static let magic: Int64 = 0x696D_6174_7472_6401
    private static let underWay: Int64 = -1

    private let words: Mutex<UnsafeMutableBufferPointer<Int64>>

    /// Maps the file; nil if it cannot be mapped, or has another size.
    /// - Parameter descriptor: A file of ``size`` bytes. It may be closed afterwards.
    public init?(descriptor: CInt) {
        var status = stat()
        guard fstat(descriptor, &status) == 0, Int(status.st_size) == Self.size,
            let address = mmap(nil, Self.size, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0), address != MAP_FAILED
        else { return nil }
        let words = address.bindMemory(to: Int64.self, capacity: Self.capacity + Self.headerWords)
        self.words = Mutex(UnsafeMutableBufferPointer(start: words, count: Self.capacity + Self.headerWords))
    }

    deinit {
        words.withLock { words in
            if let address = words.baseAddress { munmap(address, Self.size) }
        }
    }

    /// What is written down.
    /// - Parameter asleep: How long the machine has slept until now, which lies between the two clocks.
    func states(asleep: Duration) -> Result<[SlotTable.State], Malformed> {
        words.withLock { words in
            // A file that nobody has written to.
            if words[0] == 0, words[1] == 0 { return .success([]) }
            guard words[0] == Self.magic, (0...Int64(Self.capacity)).contains(words[1]) else {
                return .failure(Malformed())
            }
            var states: [SlotTable.State] = []
            for word in words[Self.headerWords..<Self.headerWords + Int(words[1])] {
                switch word {
                case 0: states.append(.free)
                case Self.underWay: states.append(.underWay)
                case 1...: states.append(.held(until: Moment(nanoseconds: word) + asleep))
                default: return .failure(Malformed())
                }
            }
            return .success(states)
        }
    }

    /// Starts anew with these. At no moment in between is less written down than before or after.
    func replace(with changes: [SlotTable.Change], asleep: Duration) {
        write(changes, asleep: asleep)
        let kept = Set(changes.map(\.slot))
        words.withLock { words in
            let used = Int(max(0, min(words[1], Int64(Self.capacity))))
            for slot in 0..<used where !kept.contains(slot) { words[Self.headerWords + slot] = 0 }
        }
    }

    /// Writes down what has changed.
    func write(_ changes: [SlotTable.Change], asleep: Duration) {
        words.withLock { words in
            words[0] = Self.magic
            for change in changes where change.slot < Self.capacity {
                words[Self.headerWords + change.slot] = Self.word(for: change.state, asleep)
                words[1] = max(words[1], Int64(change.slot) + 1)
            }
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
