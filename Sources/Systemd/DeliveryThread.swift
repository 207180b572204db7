import CSystemd
import Glibc

/// What waits for a ``DeliveryThread``. It has a bound of its own.
protocol DeliveryLoad: Sendable {
    /// Nothing waits.
    init()
    /// Whether nothing waits.
    var isEmpty: Bool { get }
}

/// Takes what a ``DeliveryThread`` delivers, and may block for any time.
protocol DeliveryReceiver: Sendable {
    associatedtype Load: DeliveryLoad

    /// Delivers everything that has waited.
    mutating func deliver(_ load: Load)
}

/// Delivers on a thread of its own what its receiver may leave alone for any time: who has something to deliver never waits.
///
/// A descriptor could be made non-blocking instead, but standard error is shared with other programs (the shell that has started
/// this one, the others of a pipeline), which would then meet errors that they do not expect. The thread sleeps while there is
/// nothing to do.
//
// Unchecked, since pthread's objects are pointers: they may be used from every thread, and what varies is touched only while the
// mutex is held. `DeliveryThreadTests` uses one from many threads. What is unsafe here are the calls of pthread with these pointers, which
// live as long as this object.
@safe final class DeliveryThread<Receiver: DeliveryReceiver>: @unchecked Sendable {
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let changed = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private let name: String
    private let receiver: Receiver
    private var load = Receiver.Load()
    private var state = State.notStarted

    private enum State {
        case notStarted
        case waiting
        case delivering
    }

    /// - Parameter name: Of the thread, for `ps -L`; at most 15 bytes.
    init(name: String, _ receiver: Receiver) {
        self.name = name
        self.receiver = receiver
        unsafe pthread_mutex_init(mutex, nil)
        var attributes = pthread_condattr_t()
        unsafe pthread_condattr_init(&attributes)
        unsafe pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        unsafe pthread_cond_init(changed, &attributes)
        unsafe pthread_condattr_destroy(&attributes)
    }

    deinit {
        unsafe pthread_cond_destroy(changed)
        unsafe pthread_mutex_destroy(mutex)
        unsafe changed.deallocate()
        unsafe mutex.deallocate()
    }

    /// Changes what waits, and has it delivered.
    func update(_ change: (inout Receiver.Load) -> Void) {
        unsafe pthread_mutex_lock(mutex)
        defer { unsafe pthread_mutex_unlock(mutex) }
        change(&load)
        switch state {
        // Where no thread can be made now, it is tried again with what comes next.
        case .notStarted: if start() { state = .delivering }
        case .waiting: unsafe pthread_cond_broadcast(changed)
        case .delivering: break
        }
    }

    /// Waits until everything is delivered, or the time is over.
    /// - Returns: Whether everything is delivered.
    @discardableResult
    func flush(within time: Duration) -> Bool {
        var end = timespec()
        unsafe clock_gettime(CLOCK_MONOTONIC, &end)
        let (seconds, attoseconds) = time.components
        let nanoseconds = end.tv_nsec + Int(attoseconds / 1_000_000_000)
        end = timespec(
            tv_sec: end.tv_sec + Int(seconds) + nanoseconds / 1_000_000_000, tv_nsec: nanoseconds % 1_000_000_000)
        unsafe pthread_mutex_lock(mutex)
        defer { unsafe pthread_mutex_unlock(mutex) }
        while !isIdle {
            if unsafe pthread_cond_timedwait(changed, mutex, &end) == ETIMEDOUT { return isIdle }
        }
        return true
    }

    private var isIdle: Bool {
        switch state {
        case .notStarted, .waiting: load.isEmpty
        case .delivering: false
        }
    }

    private func start() -> Bool {
        var attributes = pthread_attr_t()
        unsafe pthread_attr_init(&attributes)
        defer { unsafe pthread_attr_destroy(&attributes) }
        unsafe pthread_attr_setstacksize(&attributes, Self.stackSize)
        unsafe pthread_attr_setdetachstate(&attributes, CInt(PTHREAD_CREATE_DETACHED))
        let context = unsafe Unmanaged.passRetained(Run { [self] in deliver() })
        var thread = pthread_t()
        let failure = unsafe pthread_create(
            &thread, &attributes,
            { context in
                if let context = unsafe context { unsafe Unmanaged<Run>.fromOpaque(context).takeRetainedValue().body() }
                return nil
            }, unsafe context.toOpaque())
        if failure != 0 { unsafe context.release() }
        return failure == 0
    }

    /// Goes on as long as the process lives.
    private func deliver() {
        unsafe csystemd_name_thread(name)
        var receiver = receiver
        unsafe pthread_mutex_lock(mutex)
        while true {
            while load.isEmpty {
                state = .waiting
                // For whoever waits in `flush`.
                unsafe pthread_cond_broadcast(changed)
                unsafe pthread_cond_wait(changed, mutex)
            }
            state = .delivering
            let taken = load
            load = Receiver.Load()
            unsafe pthread_mutex_unlock(mutex)
            receiver.deliver(taken)
            unsafe pthread_mutex_lock(mutex)
        }
    }

    private static var stackSize: Int { 256 << 10 }
}

/// What a thread does.
private final class Run {
    let body: () -> Void

    init(_ body: @escaping () -> Void) { self.body = body }
}
