import Glibc
import JSONRPCServer
import Synchronization

/// Tests run side by side in one process, and ``OwnSocket`` changes the umask of the whole process for a moment.
private let bindingLock = Mutex(())

/// Runs what makes files or folders while no socket is being bound.
func withoutBinding<Value, Failure: Error>(_ body: () throws(Failure) -> sending Value) throws(Failure) -> Value {
    try bindingLock.withLock { _ throws(Failure) in try body() }
}

/// Binds a socket as the daemon does.
func bound(_ path: String, group: gid_t? = nil, backlog: CInt = 4096) throws(OwnSocket.Failure) -> OwnSocket {
    try withoutBinding { () throws(OwnSocket.Failure) in
        try OwnSocket(path: path, group: group, backlog: backlog)
    }
}
