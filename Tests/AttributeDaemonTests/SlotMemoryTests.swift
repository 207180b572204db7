import AttributeValues

import Glibc
import Synchronization
import Testing

@testable import AttributeDaemon
@testable import CallScheduling

/// Slots that are written down for a process that comes after a crash.
@Suite struct SlotMemoryTests {
    private static let boot = [UInt8](1...16)
    private let file: CInt

    init() throws {
        var template = Array("/tmp/slots-XXXXXX".utf8CString)
        file = mkstemp(&template)
        try #require(file >= 0)
        unlink(&template)
    }

    private func memory(isNew: Bool = false, boot: [UInt8]? = boot) -> SlotMemory {
        SlotMemory(descriptor: file, isNew: isNew, boot: boot)
    }

    private func states(boot: [UInt8]? = boot) -> [SlotTable.State]? {
        try? memory(boot: boot).states(asleep: .zero).get()
    }

    private func change(_ slot: Int, _ state: SlotTable.State) -> SlotTable.Change { .init(slot: slot, state: state) }

    private func write() {
        let memory = memory(isNew: true)
        #expect((try? memory.states(asleep: .zero).get()) == [])
        memory.replace(with: [], asleep: .zero)
        memory.write([change(0, .underWay), change(2, .held(until: Moment(nanoseconds: 7)))], asleep: .zero)
        memory.write([change(1, .underWay)], asleep: .zero)
        memory.write([change(0, .free)], asleep: .zero)
    }

    @Test func theyAreReadBack() {
        defer { close(file) }
        write()
        #expect(states() == [.free, .underWay, .held(until: Moment(nanoseconds: 7))])
        memory().replace(with: [change(1, .underWay)], asleep: .zero)
        #expect(states() == [.free, .underWay])
        memory().replace(with: [], asleep: .zero)
        #expect(states() == [])
    }

    /// Nothing is known: all slots are to count as used.
    @Test func anotherBootsAreVoid() {
        defer { close(file) }
        write()
        #expect(states(boot: [UInt8](2...17)) == nil)
        #expect(states(boot: nil) == nil)
        #expect(memory(boot: [UInt8](2...17)).isVoid)
        #expect(SlotMemory.bootID?.count == 16)
    }

    @Test(arguments: [0, 1, 8, 31, 32, 40, 55])
    func aFileThatWasCutIsVoid(size: off_t) {
        defer { close(file) }
        write()
        #expect(ftruncate(file, size) == 0)
        #expect(states() == nil)
    }

    /// It goes on to be written to, and is void.
    @Test func aFileThatIsCutWhileItIsUsedHurtsNobody() {
        defer { close(file) }
        let memory = memory(isNew: true)
        memory.replace(with: [change(0, .underWay)], asleep: .zero)
        #expect(ftruncate(file, 0) == 0)
        memory.write([change(0, .free), change(1, .underWay)], asleep: .zero)
        #expect(states() == nil)
    }

    @Test(arguments: [(0, 1), (8, -1), (8, 1_000_001), (32, -2)] as [(off_t, Int64)])
    func otherWordsAreVoid(place: off_t, word: Int64) {
        defer { close(file) }
        write()
        var word = word
        #expect(pwrite(file, &word, 8, place) == 8)
        #expect(states() == nil)
    }

    @Test func whatCannotBeWrittenIsReportedOnceAndVoid() throws {
        defer { close(file) }
        write()
        let readOnly = open("/proc/self/fd/\(file)", O_RDONLY)
        defer { close(readOnly) }
        let errors = Errors()
        let memory = SlotMemory(descriptor: readOnly, isNew: false, boot: Self.boot) { error in
            errors.list.withLock { $0.append(error) }
        }
        memory.write([change(0, .underWay)], asleep: .zero)
        memory.write([change(1, .underWay)], asleep: .zero)
        #expect(errors.list.withLock { $0 } == [EBADF])
    }

    private final class Errors: Sendable {
        let list = Mutex<[CInt]>([])
    }

    @Test func aProcessThatHasMadeNoCallLeavesNoSlots() {
        _ = memory(isNew: true)
        #expect(states() == [])
    }

    /// The number of the boot cannot be read there.
    @Test func memoryIsOfItsOwnBoot() {
        memory(isNew: true, boot: SlotMemory.bootOfMemory).replace(with: [change(0, .underWay)], asleep: .zero)
        #expect(states(boot: SlotMemory.bootOfMemory) == [.underWay])
    }
}
