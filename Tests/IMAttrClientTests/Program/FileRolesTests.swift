import Glibc
import Testing

@testable import imattr

/// No file of a run that is written may be another one of it, whatever names both have.
struct FileRolesTests {
    /// A folder with the file `one`, the names in other ways for it, and links to `none`, which is not there.
    private func inFolder(_ body: (String) throws -> Void) throws {
        let folder = try FakeDaemon.temporaryFolder()
        let names = ["one", "hard", "soft", "dangling", "chain", "pipe"].map { "\(folder)/\($0)" }
        defer {
            for name in names { unlink(name) }
            rmdir(folder)
        }
        close(open(names[0], O_WRONLY | O_CREAT, 0o600))
        try #require(link(names[0], names[1]) == 0)
        try #require(symlink("one", names[2]) == 0)
        try #require(symlink("none", names[3]) == 0)
        try #require(symlink("dangling", names[4]) == 0)
        try #require(mkfifo(names[5], 0o600) == 0)
        try body(folder)
    }

    private func clash(_ one: String, _ other: String, besideIt suffix: String? = nil) -> [String]? {
        var roles = FileRoles()
        roles.writes(one, as: "first", besideIt: suffix)
        roles.reads(other, as: "second")
        return roles.clash.map { [$0.0.name, $0.1.name] }
    }

    @Test(arguments: [
        ("one", "one"), ("one", "hard"), ("soft", "hard"), ("soft", "./one"), ("none", "./none"), ("none", "dangling"),
        ("chain", "none"), ("pipe", "pipe"),
    ])
    func oneFileUnderTwoNamesIsFound(one: String, other: String) throws {
        try inFolder { folder in
            #expect(clash("\(folder)/\(one)", "\(folder)/\(other)") == ["first", "second"])
            #expect(clash("\(folder)/\(other)", "\(folder)/\(one)") == ["first", "second"])
        }
    }

    @Test(arguments: [("one", "none"), ("one", "pipe"), ("none", "nine"), ("no/folder", "no/folder")])
    func othersAreNot(one: String, other: String) throws {
        try inFolder { folder in #expect(clash("\(folder)/\(one)", "\(folder)/\(other)") == nil) }
    }

    @Test func aDescriptorIsTheFileThatItLeadsTo() throws {
        try inFolder { folder in
            let descriptor = open("\(folder)/one", O_WRONLY)
            defer { close(descriptor) }
            #expect(clash("/dev/fd/\(descriptor)", "\(folder)/hard") != nil)
            #expect(clash("/proc/self/fd/\(descriptor)", "/dev/fd/\(descriptor)") != nil)
            var roles = FileRoles()
            roles.uses(descriptor, as: "standard output", isWritten: true)
            roles.reads("\(folder)/one", as: "--from")
            #expect(roles.clash != nil)
        }
    }

    @Test func whatKeepsNothingMayBeSharedAndWhatIsOnlyReadToo() throws {
        #expect(clash("/dev/null", "/dev/null") == nil)
        var ends: [CInt] = [0, 0]
        try #require(socketpair(AF_UNIX, CInt(SOCK_STREAM.rawValue), 0, &ends) == 0)
        defer { for end in ends { close(end) } }
        #expect(clash("/dev/fd/\(ends[0])", "/dev/fd/\(ends[0])") == nil)
        try inFolder { folder in
            var roles = FileRoles()
            for _ in 0..<2 { roles.reads("\(folder)/one", as: "--from") }
            #expect(roles.clash == nil)
        }
    }

    /// The file in which the next text is made is written too.
    @Test func theFileBesideAFileIsOneOfThem() throws {
        try inFolder { folder in
            let (none, one) = ("\(folder)/none", "\(folder)/one")
            #expect(clash(none, "\(none).partial", besideIt: ".partial")?.first?.hasPrefix("\(none).partial") == true)
            #expect(clash("\(folder)/soft", "\(one).new", besideIt: ".new") != nil)
            #expect(clash("\(folder)/pipe", "\(folder)/pipe.partial", besideIt: ".partial") == nil)
        }
    }
}
