import Glibc
import NIOCore

/// Keeps an event loop from turning until the test has prepared what it is to find.
final class LoopStop {
    private let writeEnd: CInt

    init(_ eventLoop: any EventLoop) throws {
        var ends: [CInt] = [0, 0]
        guard pipe(&ends) == 0 else { throw SystemFailure("pipe") }
        let readEnd = ends[0]
        writeEnd = ends[1]
        eventLoop.execute {
            var byte: UInt8 = 0
            _ = read(readEnd, &byte, 1)
            close(readEnd)
        }
    }

    /// Lets the loop go on.
    func end() { close(writeEnd) }
}
