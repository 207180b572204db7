import Glibc

/// What the daemon's documented bounds add up to, as it says itself (`imattrd --check`).
enum MemoryBound {
    /// In MiB; nil if it does not say.
    static func ask(_ daemon: Daemon) async throws -> Double? {
        let output = daemon.folder.path("check.log")
        try await Child("imattrd", daemon.arguments + ["--check"], output: output, folder: daemon.folder).succeed()
        return read(try File.text(output))
    }

    /// From its report.
    static func read(_ report: String) -> Double? {
        report.firstRange(of: "the bounds add up to ").flatMap {
            let rest = report[$0.upperBound...]
            let number = rest.prefix(while: \.isNumber)
            return rest.dropFirst(number.count).hasPrefix(" MiB") ? Double(number) : nil
        }
    }
}
