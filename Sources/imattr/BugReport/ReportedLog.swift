/// The last lines of the daemon's log in the journal.
enum ReportedLog {
    private static let lineCount = 100
    private static let patience = Duration.seconds(10)

    /// Asks the journal for the lines of an instance's service.
    static func read(of instance: Instance) -> BugReport.Content {
        let arguments = [
            "--unit", instance.service, "--lines", "\(lineCount)", "--output", "short-iso", "--no-hostname",
            "--no-pager", "--quiet",
        ]
        return content(ExternalCommand("journalctl", arguments).run(within: patience), of: instance.service)
    }

    /// What the journal's answer becomes.
    static func content(
        _ answer: Result<ExternalCommand.Run, ExternalCommand.Failure>, of unit: String
    ) -> BugReport.Content {
        switch answer {
        case .failure(let failure): return .missing("journalctl cannot be run: \(failure.text)")
        case .success(let run):
            let lines = run.output.split(separator: "\n").map(String.init)
            if !lines.isEmpty { return .lines(lines) }
            let complaint = run.complaint.split(separator: "\n").first.map { " (\($0))" } ?? ""
            return .missing(
                "the journal has no line of \(unit) that this user may read\(complaint); "
                    + "root and the members of group systemd-journal may read all")
        }
    }
}

/// The instance of the daemon that a socket belongs to: where its configuration is, and what its service is called.
struct Instance: Hashable {
    /// Nil for the daemon of `imattrd.service`, and for one whose socket is elsewhere.
    let name: String?

    /// Knows the sockets of the packaged units.
    init(socketPath: String) {
        let unit = Examination.socketUnit(of: socketPath)
        let (start, end) = ("imattrd@", ".socket")
        name = unit.hasPrefix(start) ? String(unit.dropFirst(start.count).dropLast(end.count)) : nil
    }

    /// The unit whose log it is.
    var service: String { name.map { "imattrd@\($0).service" } ?? "imattrd.service" }

    /// The file that the unit reads.
    var configurationFile: String { name.map { "/etc/imattrd/\($0).yaml" } ?? "/etc/imattrd/config.yaml" }
}
