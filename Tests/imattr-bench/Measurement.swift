/// Something that is measured on rigs of its own.
protocol Measurement: Sendable {
    /// How long it measures, in seconds; starting and warming up come on top. `nil` is its own default.
    init(seconds: Int?)

    /// Measures, and tells what each run has shown as soon as it is over.
    func run(_ tell: (Section) -> Void) async throws
}
