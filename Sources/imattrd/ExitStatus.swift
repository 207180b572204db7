import ArgumentParser
import Glibc

/// How imattrd ends (sysexits(3)).
extension ExitCode {
    /// The socket cannot be used, or what the service manager handed over.
    static let noSocket = ExitCode(69)
    /// Something that should not happen.
    static let internalError = ExitCode(70)
    /// Configuration or credential.
    static let misconfigured = ExitCode(78)
}

/// Lines for the person who has started the program.
enum StandardError {
    /// Writes `imattrd: ` and a line.
    static func say(_ line: String) {
        let text = Array("imattrd: \(line)\n".utf8)
        _ = text.withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }
}

/// Says on standard error what is wrong, and ends with a status.
func failure(_ code: ExitCode, _ lines: [String]) -> ExitCode {
    // More than a handful of lines hides the first one, which most often is the cause of the others.
    for line in lines.prefix(lines.count > 5 ? 4 : 5) { StandardError.say(line) }
    if lines.count > 5 { StandardError.say("and \(lines.count - 4) more problems; fix these first") }
    return code
}

/// Ends with a status if `body` fails.
func orFail<Result, Failure: Error & CustomStringConvertible>(
    _ code: ExitCode, _ body: () throws(Failure) -> Result
) throws -> Result {
    do throws(Failure) { return try body() } catch { throw failure(code, [error.description]) }
}
