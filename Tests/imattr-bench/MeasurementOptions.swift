import ArgumentParser

/// What all subcommands take.
struct MeasurementOptions: ParsableArguments {
    @Option(help: "How long to measure, in seconds. Default: each measurement's own.")
    var seconds: Int?

    @Flag(help: "Print JSON at the end instead of a table as it grows.")
    var json = false

    @Flag(help: "Exit with 0 even if a target is missed.")
    var reportOnly = false

    func validate() throws {
        guard (1...86_400).contains(seconds ?? 1) else { throw ValidationError("--seconds is from 1 to 86400.") }
    }
}
