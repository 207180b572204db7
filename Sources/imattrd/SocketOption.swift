import ArgumentParser
import JSONRPCServer

/// A socket that the program binds itself: `--socket PATH` or `--socket NAME=PATH`.
struct SocketOption {
    let door: Door
    let path: String

    init(_ text: String) {
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        if parts.count == 2, Door.isName(parts[0]) {
            (door, path) = (.named(parts[0]), parts[1])
        } else {
            (door, path) = (.callers, text)
        }
    }

    /// Those of all `--socket`, of which no two may have one name.
    static func all(_ texts: [String]) throws -> [SocketOption] {
        let options = texts.map(SocketOption.init)
        guard Set(options.map(\.door)).count == options.count else {
            throw ValidationError("each --socket needs another name, and only one can be without: --socket NAME=PATH")
        }
        guard options.count <= Door.mostNamed + 1 else {
            throw ValidationError(
                "--socket was given \(options.count) times; at most \(Door.mostNamed + 1) are allowed")
        }
        return options
    }
}
