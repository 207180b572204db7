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
