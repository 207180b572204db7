import Glibc
import Testing

@testable import JSONRPCServer

@Suite struct OwnSocketTests {
    @Test func itIsForUserAndGroupOnlyAndRemovedInTheEnd() throws {
        try inFolder { folder in
            let path = "\(folder.path)/socket"
            let socket = try bound(path)
            #expect(folder.names == ["socket", "socket.lock"])
            #expect(socket.remains == .nothing)
            #expect(try mode(path) == S_IFSOCK | 0o660)
            #expect(try mode("\(path).lock") == S_IFREG | 0o600)
            #expect(accepts(path))
            socket.remove()
            #expect(folder.names == [])
            socket.remove()
            Glibc.close(socket.descriptor)
        }
    }

    @Test func theUmaskIsAsBefore() throws {
        try inFolder { folder in
            // Nobody else may bind between these.
            let (socket, after) = try withoutBinding {
                let original = umask(0o027)
                let socket = try OwnSocket(path: "\(folder.path)/socket")
                return (socket, umask(original))
            }
            #expect(after == 0o027)
            close(socket)
        }
    }

    @Test func aGroupCanBeGiven() throws {
        try inFolder { folder in
            let path = "\(folder.path)/socket"
            // Root may give any group, others their own.
            let group: gid_t = geteuid() == 0 ? 12345 : getegid()
            let socket = try bound(path, group: group)
            var status = stat()
            #expect(lstat(path, &status) == 0)
            #expect(status.st_gid == group)
            #expect(try mode(path) == S_IFSOCK | 0o660)
            close(socket)
        }
    }

    @Test func aStaleSocketIsReplaced() throws {
        try inFolder { folder in
            let path = "\(folder.path)/socket"
            try leaveStaleSocket(path)
            #expect(!accepts(path))
            let socket = try bound(path)
            #expect(socket.remains == .socket)
            #expect(accepts(path))
            close(socket)
        }
    }

    @Test func aLiveOneIsNot() throws {
        try inFolder { folder in
            let path = "\(folder.path)/socket"
            let live = try bound(path)
            defer { close(live) }
            #expect(failure(path) == "\(path).lock is locked: another process serves this socket; stop it first")
            // One that knows of no lock file, as systemd's.
            unlink("\(path).lock")
            let sentence = "another process listens on \(path) already; stop it first or choose another path"
            #expect(failure(path) == sentence)
            #expect(folder.names == ["socket"])
            #expect(accepts(path))
        }
    }

    @Test func aLiveOneThatDoesNotAcceptIsNotWaitedFor() throws {
        try inFolder { folder in
            let path = "\(folder.path)/socket"
            let live = try bound(path, backlog: 0)
            defer { close(live) }
            unlink("\(path).lock")
            let first = try Client(path)
            defer { first.close() }
            #expect(failure(path) == "another process listens on \(path) already; stop it first or choose another path")
        }
    }

    @Test(.enabled(if: geteuid() == 0, "only root can make a socket somebody else's"))
    func somebodyElsesIsNot() throws {
        try inFolder { folder in
            let path = "\(folder.path)/socket"
            try leaveStaleSocket(path)
            #expect(chown(path, 12345, gid_t.max) == 0)
            #expect(failure(path) == "\(path) is a socket of uid 12345, not of this process; choose another path")
            #expect(folder.names == ["socket"])
        }
    }

    @Test func whatIsNoSocketIsLeftAlone() throws {
        try inFolder { folder in
            let path = "\(folder.path)/socket"
            for make in [{ close(open(path, O_CREAT, 0o600)) }, { symlink("elsewhere", path) }, { mkdir(path, 0o700) }]
            {
                #expect(make() == 0)
                #expect(failure(path) == "\(path) exists and is not a socket; remove it or choose another path")
                #expect(folder.names == ["socket"])
                #expect(remove(path) == 0)
            }
        }
    }

    @Test func aLockFileThatIsNoneIsLeftAlone() throws {
        try inFolder { folder in
            let path = "\(folder.path)/socket"
            let file = open("\(path).lock", O_CREAT | O_WRONLY, 0o600)
            #expect(write(file, "x", 1) == 1)
            close(file)
            #expect(
                failure(path) == "\(path).lock is not a lock file of this program; remove it or choose another path")
            #expect(folder.names == ["socket.lock"])
        }
    }

    @Test func aLockFileThatWasLeftBehindIsTaken() throws {
        try inFolder { folder in
            let path = "\(folder.path)/socket"
            close(open("\(path).lock", O_CREAT, 0o600))
            let socket = try bound(path)
            #expect(socket.remains == .lockFile)
            close(socket)
            #expect(folder.names == [])
        }
    }

    /// Whatever else goes wrong, the notes are there for the next process.
    @Test func notesThatWereLeftBehindAreFound() throws {
        try inFolder { folder in
            let path = "\(folder.path)/socket"
            let file = open("\(path).lock", O_CREAT | O_WRONLY, 0o600)
            #expect(write(file, "notes: 1", 8) == 8)
            close(file)
            #expect(throws: OwnSocket.Failure.self) { try OwnSocket(path: path, notesMark: Array("other".utf8)) }
            close(open(path, O_CREAT, 0o600))
            #expect(throws: OwnSocket.Failure.self) { try OwnSocket(path: path, notesMark: Array("notes".utf8)) }
            #expect(folder.names == ["socket", "socket.lock"])
            unlink(path)
            let socket = try OwnSocket(path: path, notesMark: Array("notes".utf8))
            #expect(socket.remains == .lockFile)
            var text = [UInt8](repeating: 0, count: 9)
            #expect(pread(socket.lockFile, &text, 9, 0) == 8)
            close(socket)
        }
    }

    /// Somebody has removed both files, and another process has made its own.
    @Test func theFilesOfAnotherAreLeftAlone() throws {
        try inFolder { folder in
            let path = "\(folder.path)/socket"
            let first = try bound(path)
            unlink(path)
            unlink("\(path).lock")
            let second = try bound(path)
            first.remove()
            #expect(folder.names == ["socket", "socket.lock"])
            #expect(accepts(path))
            #expect(failure(path) == "\(path).lock is locked: another process serves this socket; stop it first")
            close(second)
            Glibc.close(first.descriptor)
        }
    }

    @Test func pathsMustFit() throws {
        try inFolder { folder in
            let start = "\(folder.path)/"
            let longest = start + String(repeating: "x", count: 107 - start.utf8.count)
            let socket = try bound(longest)
            #expect(accepts(longest))
            close(socket)
            let sentence = "socket path \(longest)y has 108 bytes and the system allows 107; choose a shorter path"
            #expect(failure(longest + "y") == sentence)
            #expect(failure("") == "a socket path must not be empty or contain a NUL byte; choose another path")
            #expect(
                failure("\0abstract") == "a socket path must not be empty or contain a NUL byte; choose another path")
            #expect(folder.names == [])
        }
    }

    @Test func aFolderThatIsNotThereIsNamed() throws {
        try inFolder { folder in
            let path = "\(folder.path)/none/socket"
            #expect(failure(path) == "cannot open the lock file \(path).lock: No such file or directory")
        }
    }

    @Test func aSocketThatSomebodyElseHasBoundSinceIsNotRemoved() throws {
        try inFolder { folder in
            let path = "\(folder.path)/socket"
            let socket = try bound(path)
            #expect(rename(path, "\(path).old") == 0)
            try leaveStaleSocket(path)
            socket.remove()
            #expect(folder.names == ["socket", "socket.old"])
            Glibc.close(socket.descriptor)
        }
    }

    // MARK: Helpers

    private func inFolder(_ body: (TemporaryFolder) throws -> Void) throws {
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        try body(folder)
    }

    private func close(_ socket: OwnSocket) {
        socket.remove()
        Glibc.close(socket.descriptor)
    }

    @discardableResult private func close(_ descriptor: CInt) -> CInt { Glibc.close(descriptor) }

    /// A socket whose process has been killed.
    private func leaveStaleSocket(_ path: String) throws {
        let other = try bound(path + ".o")
        Glibc.close(other.descriptor)
        guard rename(path + ".o", path) == 0 else { throw SystemFailure("rename") }
        other.remove()
    }

    private func failure(_ path: String) -> String? {
        do {
            close(try bound(path))
            return nil
        } catch {
            return error.description
        }
    }

    private func mode(_ path: String) throws -> mode_t {
        var status = stat()
        guard lstat(path, &status) == 0 else { throw SystemFailure("lstat") }
        return status.st_mode
    }

    private func accepts(_ path: String) -> Bool {
        let client = try? Client(path)
        client?.close()
        return client != nil
    }
}
