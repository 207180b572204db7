import ArgumentParser

/// `imattr completion`: what a shell needs to complete this program's arguments.
struct CompletionCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "completion",
        abstract: "Print the completion script of a shell.",
        discussion: """
            The Debian package installs these scripts.

            Examples:
              source <(imattr completion bash)
              imattr completion zsh > "${fpath[1]}/_imattr"
              imattr completion fish > ~/.config/fish/completions/imattr.fish
            """
    )

    /// The shells that there are scripts for.
    enum Shell: String, CaseIterable, ExpressibleByArgument {
        case bash, zsh, fish
    }

    @Argument(help: "The shell.")
    var shell: Shell

    func run() throws {
        var output = StandardOutput()
        for line in CompletionScript(shell).lines { try output.write(line: line) }
        try output.flush()
    }
}

/// A completion script, without what ArgumentParser adds of its own: a command `help` that would win over ours.
struct CompletionScript {
    private(set) var lines: [String]

    init(_ shell: CompletionCommand.Shell) {
        let script = IMAttr.completionScript(for: .init(rawValue: shell.rawValue) ?? .bash)
        lines = script.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        while lines.last?.isEmpty == true { lines.removeLast() }
        switch shell {
        case .fish: lines.removeAll { $0.contains(Self.addedHelp) }
        case .zsh:
            lines.removeAll { $0.contains("'help:\(Self.addedHelp.dropFirst())") }
            removeAddedFunction()
        case .bash:
            lines = lines.map { $0.replacing("help|help", with: "help").replacing("help help", with: "help") }
            removeAddedFunction()
            completeRedirections()
        }
    }

    private static let addedHelp = "'Show subcommand help information.'"

    /// The last function of that name is the added one, and would replace the first.
    private mutating func removeAddedFunction() {
        guard let start = lines.lastIndex(of: "_imattr_help() {"), lines.firstIndex(of: "_imattr_help() {") != start,
            let end = lines[start...].firstIndex(of: "}")
        else { return }
        lines.removeSubrange(start...end)
    }

    /// Other than zsh and fish, bash asks the function also for the file after < or >.
    private mutating func completeRedirections() {
        guard lines.last == "complete -o filenames -F _imattr imattr" else { return }
        lines.removeLast()
        lines += [
            "_imattr_or_file() {", "    case $3 in", #"    *[\<\>]) compopt -o default ;;"#, #"    *) _imattr "$@" ;;"#,
            "    esac", "}", "", "complete -o filenames -F _imattr_or_file imattr",
        ]
    }
}
