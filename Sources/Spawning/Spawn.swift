import Glibc

/// How a program is started (posix_spawn(3)). It has none of our descriptors but those that are given to it, all signals do what they do by
/// default, and none is blocked: what we trap or ignore would else be inherited.
public enum Spawn {
    /// What a descriptor of the program is.
    public enum Descriptor {
        /// The same as ours.
        case inherited
        /// A file that is opened for it with these flags of open(2). One that is created is for this user only.
        case file(String, flags: CInt)
        /// A copy of one that is open: of ours, or of the program's that was made before.
        case copy(of: CInt)
    }

    /// Whom a terminal's signals reach.
    public enum Group {
        /// The program as well as us.
        case ours
        /// Only us.
        case own
    }

    /// Why a program could not be started.
    public struct Failure: Error, Hashable {
        /// The error number.
        public let code: CInt
    }

    /// Starts a program.
    /// - Parameters:
    ///   - program: A path, or a name that is looked for in `PATH`.
    ///   - arguments: Without the program's name.
    ///   - environment: Entries such as `NAME=VALUE`.
    ///   - descriptors: Standard input, output and errors, in this order.
    /// - Returns: Its process id. The caller has to reap it.
    public static func start(
        _ program: String, arguments: [String], environment: [String],
        descriptors: (input: Descriptor, output: Descriptor, errors: Descriptor), group: Group
    ) throws(Failure) -> pid_t {
        var files = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&files)
        defer { posix_spawn_file_actions_destroy(&files) }
        add(descriptors.input, as: STDIN_FILENO, to: &files)
        add(descriptors.output, as: STDOUT_FILENO, to: &files)
        add(descriptors.errors, as: STDERR_FILENO, to: &files)
        for descriptor in openDescriptors() where descriptor > STDERR_FILENO {
            posix_spawn_file_actions_addclose(&files, descriptor)
        }

        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var flags = POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK
        if case .own = group { flags |= POSIX_SPAWN_SETPGROUP }
        posix_spawnattr_setflags(&attributes, Int16(flags))
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        sigfillset(&signals)
        posix_spawnattr_setsigdefault(&attributes, &signals)

        var pid: pid_t = 0
        let code = withCStrings([program] + arguments) { arguments in
            withCStrings(environment) { posix_spawnp(&pid, program, &files, &attributes, arguments, $0) }
        }
        guard code == 0 else { throw Failure(code: code) }
        return pid
    }

    private static func add(
        _ descriptor: Descriptor, as number: CInt, to files: inout posix_spawn_file_actions_t
    ) {
        switch descriptor {
        case .inherited: break
        case .file(let path, let flags): posix_spawn_file_actions_addopen(&files, number, path, flags, 0o600)
        case .copy(let other): posix_spawn_file_actions_adddup2(&files, other, number)
        }
    }

    /// Ours. Not all are opened to be closed on exec, and Swift does not see the call that would close them.
    private static func openDescriptors() -> [CInt] {
        guard let folder = opendir("/proc/self/fd") else { return [] }
        defer { closedir(folder) }
        var descriptors: [CInt] = []
        while let entry = readdir(folder) {
            let name = withUnsafePointer(to: entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 1) { String(cString: $0) }
            }
            if let descriptor = CInt(name) { descriptors.append(descriptor) }
        }
        return descriptors
    }

    /// Calls `body` with an array of C strings that ends with a null.
    private static func withCStrings<Result>(
        _ strings: [String], _ body: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> Result
    ) -> Result {
        let pointers = strings.map { strdup($0) }
        defer { pointers.forEach { free($0) } }
        var array = pointers + [nil]
        return array.withUnsafeMutableBufferPointer { buffer in
            // Never empty: it holds the null.
            guard let base = buffer.baseAddress else { preconditionFailure("an array with an element has an address") }
            return body(base)
        }
    }
}
