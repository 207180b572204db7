import Testing

@testable import DaemonConfiguration

/// The table of keys is what values are read by, and what is shown of them.
@Suite struct ConfigurationRuleTests {
    /// The problem that a value of a key meets; nil if there is none with it.
    private func problem(_ key: ConfigurationKey, _ value: String) -> String? {
        let text = ConfigurationText(flags: [key: value], environment: [:])
        let problems = ReadConfiguration(text, in: Surroundings(credentialsDirectory: nil)).problems
        return problems.first { $0.key == key.rawValue && !$0.description.contains("could never wait") }?.description
    }

    @Test(arguments: ConfigurationKey.allCases)
    func boundsAreThoseThatAreRead(key: ConfigurationKey) {
        switch key.rule {
        case .integer(let range, let usual):
            if let usual { #expect(range.contains(usual) && key.usual == "\(usual)") }
            for value in [range.lowerBound, range.upperBound] { #expect(problem(key, "\(value)") == nil) }
            for value in [range.lowerBound - 1, range.upperBound + 1] {
                #expect(problem(key, "\(value)")?.contains("\(range.lowerBound) to \(range.upperBound)") == true)
            }
        case .decimal(let range, let usual):
            #expect(range.contains(usual))
            #expect(problem(key, "\(range.upperBound)") == nil)
            #expect(problem(key, "\(range.upperBound + 0.01)") != nil)
        case .choice(let words, let usual):
            if let usual { #expect(words.contains(usual)) }
            for word in words { #expect(problem(key, word) == nil) }
            #expect(problem(key, "nonsense")?.contains(words.joined(separator: ", ")) == true)
        case .text, .file, .callers, .mappings:
            #expect(key.allowed == nil)
        }
    }

    /// What holds if nothing is given is what the table says.
    @Test func usualValuesAreThoseThatHold() {
        let text = ConfigurationText(flags: [:], environment: [:])
        let read = ReadConfiguration(text, in: Surroundings(credentialsDirectory: nil))
        #expect(read.values.count > 15)
        for value in read.values { #expect(value.text == value.key.usual, "\(value.key)") }
    }
}
