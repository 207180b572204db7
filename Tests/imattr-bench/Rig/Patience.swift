/// Waiting for something in another process, which cannot call back.
enum Patience {
    struct Exhausted: Error, CustomStringConvertible {
        var description: String
    }

    /// Returns what `look` finds as soon as it finds something; looks every 5 milliseconds.
    ///
    /// Throws ``Exhausted`` after `patience`, or when `hopeless` says so, with what is in the file `log`.
    static func wait<Found: Sendable>(
        for what: String, _ patience: Duration = .seconds(120), log: String? = nil,
        unless hopeless: () -> Bool = { false }, _ look: () async throws -> Found?
    ) async throws -> Found {
        let deadline = ContinuousClock.now + patience
        while true {
            // Where so much else is to do that this has not been its turn for long, it looks once more all the same.
            let isLast = ContinuousClock.now >= deadline || hopeless()
            if let found = try await look() { return found }
            if isLast { break }
            try await Task.sleep(for: .milliseconds(5))
        }
        let said = log.flatMap { try? File.text($0) } ?? ""
        throw Exhausted(description: "waited in vain for \(what)" + (said.isEmpty ? "" : ". It said:\n\(said)"))
    }
}
