import Glibc

/// What `imattrd --check` shows, without the account and whatever else may not be shown.
enum ReportedConfiguration {
    private static let patience = Duration.seconds(10)
    private static let credentials = "/etc/credstore"

    /// The daemon's program: beside this one, else in `PATH`.
    static var program: String {
        var bytes = [CChar](repeating: 0, count: Int(PATH_MAX))
        let length = readlink("/proc/self/exe", &bytes, bytes.count)
        let own = String(decoding: bytes.prefix(max(0, length)).map(UInt8.init(bitPattern:)), as: UTF8.self)
        let beside = own.lastIndex(of: "/").map { own[...$0] + "imattrd" } ?? "imattrd"
        return access(String(beside), X_OK) == 0 ? String(beside) : "imattrd"
    }

    /// Runs the daemon's check for an instance.
    static func read(of instance: Instance) -> BugReport.Content {
        let named = getenv("IMATTRD_CONFIG").map { String(cString: $0) }
        let file = named ?? instance.configurationFile
        guard access(file, F_OK) != 0 || access(file, R_OK) == 0 else {
            return .missing("this user may not read \(file); root may")
        }
        // The default is not named: a file that is named has to be there.
        let arguments = instance.name == nil || named != nil ? ["--check"] : ["--check", "--config", file]
        let hasKey = access("\(credentials)/imattrd.secret-key", R_OK) == 0 && getenv("CREDENTIALS_DIRECTORY") == nil
        let variables = hasKey ? ["CREDENTIALS_DIRECTORY": credentials] : [:]
        switch ExternalCommand(program, arguments, variables: variables).run(within: patience) {
        case .failure(let failure): return .missing("imattrd --check cannot be run: \(failure.text)")
        case .success(let run):
            let head =
                "imattrd \(arguments.joined(separator: " ")), run by user \(Names.user(geteuid())): \(run.ending)"
            return .lines([head] + lines(run.output) + run.complaint.split(separator: "\n").map(String.init))
        }
    }

    /// The table of keys, values and origins without the values that are left out.
    static func lines(_ table: String) -> [String] {
        table.split(separator: "\n").map { line in
            guard let key = line.split(separator: " ", maxSplits: 1).first, secret.contains(String(key)) else {
                return String(line)
            }
            // Not even where its value ends is known: an account may have spaces in it.
            return TerminalText.pad(String(key), to: keyWidth) + Redaction.mark
        }
    }

    private static let keyWidth = 25

    /// The account; and a path, in whose place the key itself may have been written.
    private static let secret: Set<String> = ["admin", "secretKeyFile"]
}
