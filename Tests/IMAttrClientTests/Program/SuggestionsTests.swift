import Testing

@testable import imattr

struct SuggestionsTests {
    private static let commands = ["get", "status", "wait", "doctor", "ping", "metrics", "call", "version", "help"]

    @Test(arguments: [
        ("stauts", ["status"]), ("sta", ["status"]), ("STATUS", ["status"]), ("statuss", ["status"]), ("gte", ["get"]),
        ("pong", ["ping"]), ("metric", ["metrics"]), ("docter", ["doctor"]), ("list", []), ("x", []), ("", []),
        ("fetch", []), ("hepl", ["help"]), ("wa", ["wait"]),
    ])
    func whatMayHaveBeenMeant(word: String, wanted: [String]) {
        #expect(Suggestions.like(word, among: Self.commands) == wanted)
    }

    @Test func aQuestionNamesThem() {
        #expect(Suggestions.question("sat", among: ["set", "sit", "x"]) == " Did you mean 'set' or 'sit'?")
        #expect(Suggestions.question("nonsense", among: Self.commands) == "")
    }

    @Test(
        arguments: [
            (["stauts"], "stauts"), (["get", "stauts"], nil), (["--json", "stauts"], "stauts"), ([], nil),
            (["--socket", "x", "ping"], nil), (["--socket", "x", "pnig"], "pnig"), (["--socket=x", "ping"], nil),
            (["--help"], nil),
        ] as [([String], String?)])
    func onlyTheCommandIsLookedAt(arguments: [String], unknown: String?) {
        #expect(
            Suggestions.unknownCommand(in: arguments, known: Self.commands, valueOptions: ["--socket"]) == unknown)
    }

    @Test(arguments: CompletionCommand.Shell.allCases)
    func completionScriptsKnowTheCommands(shell: CompletionCommand.Shell) {
        let lines = CompletionScript(shell).lines
        for word in ["status", "completion", "resume", "ndjson"] {
            #expect(lines.contains { $0.contains(word) }, "\(word)")
        }
        #expect(!lines.contains { $0.contains("Show subcommand help information.") })
        #expect(lines.count { $0 == "_imattr_help() {" } == (shell == .fish ? 0 : 1))
        #expect(lines.contains("complete -o filenames -F _imattr_or_file imattr") == (shell == .bash))
    }
}
