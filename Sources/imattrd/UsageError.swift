import ArgumentParser
import DaemonConfiguration

/// Why the arguments cannot be understood, without any of their values: one of them may be the secret key, as in `--secret-key VALUE`.
struct UsageError {
    /// For the person who has written them.
    let message: String

    /// - Parameters:
    ///   - message: What the parser says.
    ///   - arguments: What was given.
    init(_ message: String, of arguments: [String]) {
        self.message = arguments.reduce(message, Self.without)
    }

    private static func without(_ message: String, _ argument: String) -> String {
        let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard argument.hasPrefix("-") else { return hiding(argument, in: message) }
        let message = parts.count == 2 ? hiding(parts[1], in: message) : message
        // What is written like an option may be no option.
        return WrittenText(name: parts[0]).isHidden ? hiding(parts[0], in: message) : message
    }

    private static func hiding(_ text: String, in message: String) -> String {
        if text.isEmpty { return message }
        // The parser shows what was given in these quotation marks.
        return message.split(separator: "'\(text)'", omittingEmptySubsequences: false)
            .joined(separator: "(\(text.count) characters, not shown)")
    }
}
