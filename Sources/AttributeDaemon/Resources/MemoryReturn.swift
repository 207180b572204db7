import NIOCore

/// Returns memory to the system when a burst of work is over. Lives on an event loop, and sets a timer only after work.
final class MemoryReturn {
    /// Decides when a burst is over.
    struct Review {
        /// What is to be done after a look.
        enum Next: Hashable {
            /// Look again after ``interval``: the burst goes on.
            case wait
            /// Return free pages, if there is anything worth returning, and look again after the next work.
            case rest(returnsPages: Bool)
        }

        /// Bytes of which little can be free, so that they are kept.
        static let ample = 32 << 20
        /// Bytes by which memory grows while nothing happens.
        static let noise = 1 << 20

        private var last = 0

        /// - Parameter resident: Bytes of memory that are present.
        mutating func looked(resident: Int) -> Next {
            defer { last = resident }
            if resident <= Self.ample { return .rest(returnsPages: false) }
            return resident > last + Self.noise ? .wait : .rest(returnsPages: true)
        }
    }

    /// Time from work to a look at the memory.
    private static let interval: TimeAmount = .seconds(10)

    private let eventLoop: any EventLoop
    private let returnFreePages: @Sendable () -> Void
    private var review = Review()
    private var alarm: Scheduled<Void>?

    /// - Parameter returnFreePages: Returns the pages to the system of which the allocator uses no byte. It runs on the event loop: the
    ///   allocator is locked meanwhile, so that the loop would wait for another thread as well.
    init(_ eventLoop: any EventLoop, returnFreePages: @escaping @Sendable () -> Void) {
        self.eventLoop = eventLoop
        self.returnFreePages = returnFreePages
    }

    /// Work was done that may have taken memory, or set it free.
    func noteWork() {
        if alarm == nil { lookLater() }
    }

    private func lookLater() {
        alarm = eventLoop.assumeIsolated().scheduleTask(in: Self.interval) { [weak self] () -> Void in self?.look() }
    }

    private func look() {
        alarm = nil
        guard let resident = ProcessFigures.residentBytes else { return }
        switch review.looked(resident: resident) {
        case .wait: lookLater()
        case .rest(returnsPages: true): returnFreePages()
        case .rest(returnsPages: false): break
        }
    }
}
