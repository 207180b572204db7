import FoundationEssentials
import Glibc

/// The other programs of this package: beside this one, else where the shell would find them.
enum Programs {
    struct NotFound: Error, CustomStringConvertible {
        var description: String {
            """
            There is no imattrd beside imattr-sandbox and none in PATH.
            Build both in the source folder with: swift build --product imattrd && swift build --product imattr-sandbox
            """
        }
    }

    /// The path of the daemon. Throws ``NotFound``.
    static func imattrd() throws -> String {
        let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
        let folders = ownFolder.map { [$0] } ?? []
        let candidates = (folders + path.split(separator: ":").map(String.init)).map { "\($0)/imattrd" }
        guard let program = candidates.first(where: isProgram) else { throw NotFound() }
        return program
    }

    /// The client as a shell can start it.
    static var imattr: String {
        let beside = ownFolder.map { "\($0)/imattr" }
        return beside.flatMap { isProgram($0) ? $0 : nil } ?? "imattr"
    }

    private static var ownFolder: String? {
        guard let own = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"),
            let slash = own.lastIndex(of: "/")
        else { return nil }
        return String(own[..<slash])
    }

    private static func isProgram(_ path: String) -> Bool {
        access(path, X_OK) == 0
    }
}
