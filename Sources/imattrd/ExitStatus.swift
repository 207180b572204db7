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
        write("imattrd: \(line)")
    }

    /// Writes a text and the end of its last line.
    static func write(_ text: String) {
        let text = Array((text + "\n").utf8)
        _ = text.withUnsafeBytes { Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }
}

/// Says on standard error what is wrong, and ends with a status.
func failure(_ code: ExitCode, _ lines: [String]) -> ExitCode {
    for line in lines { StandardError.say(line) }
    return code
}

/// Ends with a status if `body` fails.
func orFail<Result, Failure: Error & CustomStringConvertible>(
    _ code: ExitCode, _ body: () throws(Failure) -> Result
) throws -> Result {
    do throws(Failure) { return try body() } catch { throw failure(code, [error.description]) }
}
