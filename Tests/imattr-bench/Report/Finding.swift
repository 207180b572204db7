/// One measured number, and what it should be.
struct Finding: Sendable, Encodable {
    enum Target: Sendable {
        case atLeast(Double)
        case atMost(Double)
    }

    let what: String
    let value: Double
    /// How many decimals are shown.
    let decimals: Int
    let unit: String
    /// Nil if the number is only shown.
    let target: Target?
    /// How much the rounds differ that it is the median of (``Samples/spread``); nil if there was one.
    let spread: Double?

    /// A median of rounds that differ by more than this says nothing, and is not told.
    static let largestSpread = 0.25

    init(_ what: String, _ value: Double, _ unit: String = "", decimals: Int = 0, _ target: Target? = nil) {
        self.what = what
        self.value = value
        self.unit = unit
        self.decimals = decimals
        self.target = target
        spread = nil
    }

    /// The median of rounds, unless they are too different for one.
    init(_ what: String, _ samples: Samples, _ unit: String = "", decimals: Int = 2, _ target: Target? = nil) {
        self.what = what
        let isSteady = samples.spread <= Self.largestSpread
        value = isSteady ? samples.median : .nan
        self.unit = unit
        self.decimals = decimals
        self.target = target
        spread = samples.spread
    }

    init(_ what: String, _ ratio: Samples, _ target: Target) {
        self.init(what, ratio, "", target)
    }

    init(_ what: String, _ count: Int, _ target: Target? = nil) {
        self.init(what, Double(count), "", decimals: 0, target)
    }

    /// In milliseconds. Something that never was is longer than any target.
    init(_ what: String, _ duration: Duration?, _ target: Target? = nil) {
        self.init(what, duration.map { $0 / .milliseconds(1) } ?? .infinity, "ms", decimals: 1, target)
    }

    /// Whether the target is met; nothing meets a target by not being a number.
    var isMet: Bool {
        switch target {
        case .atLeast(let bound): value >= bound
        case .atMost(let bound): value <= bound
        case nil: true
        }
    }

    private enum CodingKeys: CodingKey { case what, value, unit, spread, atLeast, atMost, met }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(what, forKey: .what)
        // JSON has no infinity.
        try container.encode(value.isFinite ? value : nil, forKey: .value)
        try container.encode(unit, forKey: .unit)
        try container.encodeIfPresent(spread.flatMap { $0.isFinite ? $0 : nil }, forKey: .spread)
        switch target {
        case .atLeast(let bound): try container.encode(bound, forKey: .atLeast)
        case .atMost(let bound): try container.encode(bound, forKey: .atMost)
        case nil: return
        }
        try container.encode(isMet, forKey: .met)
    }
}
