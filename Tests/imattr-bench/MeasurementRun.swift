import ArgumentParser
import Glibc
import UnixSignals

/// Runs measurements one after the other, and sees to it that nothing is left behind.
enum MeasurementRun {
    /// Throws an exit code if a target is missed, or a signal ends it.
    static func run(_ measurements: [any Measurement.Type], _ options: MeasurementOptions) async throws {
        try await run(measurements.map { $0.init(seconds: options.seconds) }, options)
    }

    /// The same.
    static func run(_ measurements: [any Measurement], _ options: MeasurementOptions) async throws {
        let signals = await UnixSignalsSequence(trapping: .sigint, .sigterm, .sighup)
        let isMet = try await withThrowingTaskGroup(of: Bool?.self) { group in
            group.addTask { try await measure(measurements, options) }
            group.addTask {
                for await _ in signals { break }
                return nil
            }
            defer { group.cancelAll() }
            return try await group.next() ?? nil
        }
        guard let isMet else { throw ExitCode(128 + SIGINT) }
        if !isMet, !options.reportOnly { throw ExitCode.failure }
    }

    private static func measure(
        _ measurements: [any Measurement], _ options: MeasurementOptions
    ) async throws -> Bool {
        var report = Report(asJSON: options.json)
        for measurement in measurements {
            let name = "\(type(of: measurement))"
            Progress.say(name)
            do {
                try await measurement.run { report.add($0) }
            } catch  where !Task.isCancelled {
                // The others may still have something to show; but this one has missed all that it was for.
                let failure = Finding("came to its end: \(error)", 0, .atLeast(1))
                report.add(Section(title: name, findings: [failure]))
            }
        }
        try report.end()
        return report.isMet
    }
}
