import Glibc
import Synchronization
import Testing

@testable import Systemd

struct DeliveryThreadTests {
    private struct Numbers: DeliveryLoad {
        var sum = 0
        var isEmpty: Bool { sum == 0 }
    }

    private final class Total: Sendable { let sum = Mutex(0) }

    private struct Adder: DeliveryReceiver {
        let total: Total

        func deliver(_ load: Numbers) { total.sum.withLock { $0 += load.sum } }
    }

    @Test func everythingIsDeliveredFromAnyThread() async {
        let total = Total()
        let thread = DeliveryThread(name: "test", Adder(total: total))
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<8 {
                group.addTask { for _ in 0..<1000 { thread.update { $0.sum += 1 } } }
            }
        }
        #expect(thread.flush(within: .seconds(60)))
        #expect(total.sum.withLock { $0 } == 8000)
    }

    @Test func whoFlushesWaitsNoLongerThanItSays() throws {
        var ends: [CInt] = [0, 0]
        try #require(pipe(&ends) == 0)
        let thread = DeliveryThread(name: "test", Blocked(descriptor: ends[0]))
        #expect(thread.flush(within: .seconds(60)))
        thread.update { $0.sum += 1 }
        #expect(!thread.flush(within: .milliseconds(1)))
        // Its end is what the other thread waits for.
        close(ends[1])
        #expect(thread.flush(within: .seconds(60)))
        close(ends[0])
    }

    private struct Blocked: DeliveryReceiver {
        let descriptor: CInt

        func deliver(_ load: Numbers) {
            var byte: UInt8 = 0
            _ = read(descriptor, &byte, 1)
        }
    }
}
