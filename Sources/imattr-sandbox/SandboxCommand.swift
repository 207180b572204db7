import ArgumentParser
import FoundationEssentials
import Glibc

/// `imattr-sandbox`: a stand-in for Tencent's endpoint, alone or with a whole daemon in front of it.
@main
struct SandboxCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "imattr-sandbox",
        abstract: "A stand-in for Tencent Chat's im_get_attr: TLS, UserSig verification, limits, error codes, faults.",
        subcommands: [Serve.self, Demo.self, Run.self],
        defaultSubcommand: Serve.self)
}

/// What the program says. Written at once, since scripts wait for the first line through a pipe.
enum Output {
    /// A line to standard output.
    static func line(_ text: String) { write(text + "\n", to: STDOUT_FILENO) }

    /// A line to standard error.
    static func error(_ text: String) { write(text + "\n", to: STDERR_FILENO) }

    /// `value` as JSON on one line.
    static func json(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }

    private static func write(_ text: String, to descriptor: Int32) {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            // A failure to write cannot be reported anywhere.
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }
}
