import Glibc

/// Colours for a person: none unless it is a terminal that has some, and none where `NO_COLOR` is set.
struct Style {
    /// A colour's number in the terminal's own palette.
    enum Colour: Int {
        case red = 31
        case green = 32
        case yellow = 33
        case blue = 34
        case grey = 90
    }

    let isColoured: Bool

    init(isColoured: Bool) { self.isColoured = isColoured }

    /// Asks the environment, by https://no-color.org.
    init(isTerminal: Bool, environment: (String) -> String? = { getenv($0).map { String(cString: $0) } }) {
        let refusesColour = environment("NO_COLOR").map { !$0.isEmpty } ?? false
        isColoured = isTerminal && !refusesColour && environment("TERM") != "dumb"
    }

    func paint(_ text: String, _ colour: Colour) -> String {
        isColoured ? "\u{1B}[\(colour.rawValue)m\(text)\u{1B}[0m" : text
    }

    /// What begins a colour; ``end`` ends it.
    func start(_ colour: Colour) -> String { isColoured ? "\u{1B}[\(colour.rawValue)m" : "" }

    /// What ends any colour.
    var end: String { isColoured ? "\u{1B}[0m" : "" }

    func bold(_ text: String) -> String { isColoured ? "\u{1B}[1m\(text)\u{1B}[0m" : text }

    /// The name of a state in the colour of how good it is.
    func paint(_ state: DaemonStatus.State, _ text: String) -> String {
        switch state {
        case .ready: paint(text, .green)
        case .degraded, .stopping: paint(text, .yellow)
        case .misconfigured: paint(text, .red)
        case .unknown: text
        }
    }
}
