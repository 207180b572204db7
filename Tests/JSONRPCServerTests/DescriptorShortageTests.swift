import Glibc
import NIOCore
import Testing

@testable import JSONRPCServer

/// A process that has no descriptor left; one of its own, since the other tests need theirs.
@Suite struct DescriptorShortageTests {
    @Test func acceptingPausesAndGoesOnWhenAConnectionCloses() async {
        await #expect(processExitsWith: .success) {
            try TestServer.run { server in
                let first = try server.client()
                try first.send(request("now"))
                #expect(try first.line() == answer())
                let second = try Client.unconnected()
                var taken = try takeAllDescriptors()
                defer { for descriptor in taken { close(descriptor) } }
                try server.onLoop { server, _ in server.listeners.pause = .hours(1) }
                try second.connect(to: server.path)
                try server.wait { server, _ in server.counters.descriptorShortages == 1 }
                // The loop rests: in this time it would use all of a processor.
                let before = try server.onLoop { _, _ in threadTime() }
                _ = poll(nil, 0, 300)
                let used = try server.onLoop { _, _ in threadTime() } - before
                #expect(used < .milliseconds(10), "\(used)")

                // With a descriptor of a connection, before the pause is over.
                first.close()
                try second.send(request("now"))
                #expect(try second.line() == answer())

                // With any other descriptor, after the pause.
                try server.onLoop { server, _ in server.listeners.pause = .milliseconds(100) }
                close(taken.removeLast())
                let third = try Client.unconnected()
                try third.connect(to: server.path)
                try server.wait { server, _ in server.counters.descriptorShortages == 2 }
                close(taken.removeLast())
                try third.send(request("now"))
                #expect(try third.line() == answer())
                #expect(try server.onLoop { server, _ in server.counters.descriptorShortages } == 2)
            }
        }
    }
}

/// Takes the descriptors that the process may still have.
private func takeAllDescriptors() throws -> [CInt] {
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { throw SystemFailure("getrlimit") }
    limit.rlim_cur = min(limit.rlim_cur, 256)
    guard setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { throw SystemFailure("setrlimit") }
    var taken: [CInt] = []
    while true {
        let descriptor = dup(0)
        if descriptor < 0 { break }
        taken.append(descriptor)
    }
    return taken
}

/// Processor time of the calling thread.
private func threadTime() -> Duration {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
}
