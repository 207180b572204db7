import ArgumentParser
import Glibc

/// The versions of everything that takes part.
struct Versions {
    /// The version of the daemon that runs; nil if it did not say.
    let daemon: String?

    private static let patience = Duration.seconds(5)
    private static let labelWidth = 20

    var lines: [String] {
        var system = utsname()
        let isKnown = uname(&system) == 0
        let rows = [
            ("imattr", IMAttr.configuration.version),
            ("imattrd (running)", daemon ?? "unknown: it did not answer"),
            ("imattrd (installed)", Self.firstLine(ReportedConfiguration.program, "--version") ?? "not found"),
            ("kernel", isKnown ? "\(Self.text(system.sysname)) \(Self.text(system.release))" : "unknown"),
            ("architecture", isKnown ? Self.text(system.machine) : "unknown"),
            ("distribution", Self.distribution(Self.osRelease() ?? "") ?? "unknown: no /etc/os-release"),
            ("systemd", systemd),
        ]
        return rows.map { TerminalText.pad($0, to: Self.labelWidth) + $1 }
    }

    private var systemd: String {
        guard let version = Self.firstLine("systemctl", "--version") else { return "not found" }
        // sd_booted(3) looks for this folder.
        return access("/run/systemd/system", F_OK) == 0 ? version : "\(version); it does not run this machine"
    }

    /// The name in the text of os-release(5); nil if it has none.
    static func distribution(_ osRelease: String) -> String? {
        for line in osRelease.split(separator: "\n") where line.hasPrefix("PRETTY_NAME=") {
            return String(line.dropFirst("PRETTY_NAME=".count).filter { $0 != "\"" && $0 != "'" })
        }
        return nil
    }

    private static func osRelease() -> String? {
        for path in ["/etc/os-release", "/usr/lib/os-release"] {
            let descriptor = open(path, O_RDONLY | O_CLOEXEC)
            guard descriptor >= 0 else { continue }
            defer { close(descriptor) }
            var bytes = [UInt8](repeating: 0, count: 8192)
            let count = SystemCall.read(descriptor, &bytes, bytes.count)
            return String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
        }
        return nil
    }

    private static func firstLine(_ program: String, _ argument: String) -> String? {
        guard case .success(let run) = ExternalCommand(program, [argument]).run(within: patience) else { return nil }
        return run.output.split(separator: "\n").first.map(String.init)
    }

    /// The text of an array of characters that C ends with a zero.
    private static func text<Characters>(_ characters: Characters) -> String {
        withUnsafeBytes(of: characters) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }
}
