import CSystemd
import Glibc

/// Reports to the service manager how the service is (sd_notify(3)). Does nothing where there is none.
///
/// The daemon never waits for the manager: while it does not read, what is new replaces what it has not received yet.
///
/// What is unsafe here are calls of C functions, each with pointers to values and texts that live until it returns.
public enum ServiceManager {
    /// What can be reported.
    public enum Notice: Sendable {
        /// Requests are served, or refused for a reason that an operator has to remove.
        case ready
        /// The configuration is being read again; to be followed by ``ready``.
        case reloading
        /// The service ends.
        case stopping
        /// One line for `systemctl status`.
        case status(String)
        /// The service works; to be reported again within ``watchdogInterval``.
        case alive
        /// The service can never work again, and is to be killed and started anew.
        case broken
    }

    /// The time within which the service manager wants to hear ``Notice/alive`` (WatchdogSec=); nil if it does not.
    public static var watchdogInterval: Duration? {
        var microseconds: UInt64 = 0
        guard unsafe sd_watchdog_enabled(0, &microseconds) > 0 else { return nil }
        return .microseconds(Int64(clamping: microseconds))
    }

    private static let thread = DeliveryThread(name: "imattrd-notify", NoticeReceiver())

    private static func update(_ change: (inout PendingNotices) -> Void) {
        if unsafe getenv("NOTIFY_SOCKET") != nil { thread.update(change) }
    }

    /// Reports all at once.
    public static func notify(_ notices: Notice...) { update { for notice in notices { $0.add(notice) } } }

    /// Has the service manager keep a descriptor open, and hand it over to the next process under this name if this one
    /// is killed (FileDescriptorStoreMax=). It may be closed afterwards.
    public static func store(_ descriptor: CInt, name: String) {
        update {
            let copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 0)
            if copy >= 0 { $0.store(copy, name: name) }
        }
    }

    /// Waits until the manager has received everything, or the time is over; to be called at the end of the program.
    public static func flush(within time: Duration) { thread.flush(within: time) }
}

/// Sends notices, and blocks while the manager does not read.
private struct NoticeReceiver: DeliveryReceiver {
    func deliver(_ load: PendingNotices) {
        for datagram in load.datagrams {
            if var descriptor = datagram.descriptor {
                _ = unsafe sd_pid_notify_with_fds(0, 0, datagram.text, &descriptor, 1)
                close(descriptor)
            } else {
                _ = unsafe sd_notify(0, datagram.text)
            }
        }
    }
}

extension ServiceManager.Notice {
    /// The lines that say it.
    var assignment: String {
        switch self {
        case .ready: "READY=1"
        case .reloading: "RELOADING=1\nMONOTONIC_USEC=\(Self.monotonicMicroseconds)"
        case .stopping: "STOPPING=1"
        case .alive: "WATCHDOG=1"
        case .broken: "WATCHDOG=trigger"
        case .status(let text): "STATUS=" + text.split(whereSeparator: \.isNewline).joined(separator: " ")
        }
    }

    private static var monotonicMicroseconds: Int {
        var now = timespec()
        unsafe clock_gettime(CLOCK_MONOTONIC, &now)
        return now.tv_sec * 1_000_000 + now.tv_nsec / 1000
    }
}
