import ArgumentParser

/// `imattr-sandbox`: a stand-in for Tencent's endpoint, alone or with a whole daemon in front of it.
@main
struct SandboxCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "imattr-sandbox",
        abstract: "A stand-in for Tencent Chat's im_get_attr: TLS, UserSig verification, limits, error codes, faults.",
        subcommands: [Serve.self, Demo.self, Run.self],
        defaultSubcommand: Serve.self)
}
