import ArgumentParser
import AttributeAPI
import IMAttrClient
import JSONTokens

/// `imattr call`: any method, with the result as the daemon wrote it.
struct CallCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "call",
        abstract: "Call any method and print its result as JSON.",
        discussion: """
            --format table prints each value of the result on a line of its own, with its name.

            Examples:
              imattr call getStatus
              imattr call getAttrs '{"To_Account":["abc"],"timeoutMs":5000}'
              imattr call getAttrs '[["abc"],5000]'
            """
    )

    @Argument(help: "The method's name.", completion: .list(MethodName.callable))
    var method: String

    @Argument(help: "Its params: a JSON object (by name) or array (by position).")
    var params: String?

    @OptionGroup var format: FormatOptions

    @OptionGroup var connection: ConnectionOptions

    func validate() throws {
        if method.isEmpty { throw ValidationError("The method's name is empty.") }
        _ = try paramsOnOneLine()
        try format.check(connection)
    }

    func run() async throws {
        let params = try paramsOnOneLine()
        try await connection.run { client in
            let result = try await client.call(method, params: params)
            let form = format.form(connection, usual: .json)
            var output = form.output
            if form == .table {
                do {
                    for line in try FlatValues(result).lines { try output.write(line: line) }
                } catch is JSONSyntaxError {
                    throw IMAttrError.protocol("a result that is not JSON")
                }
            } else {
                try output.write(json: result)
            }
            try output.flush()
            return .answered
        }
    }

    /// The params as they were given, checked, and without the white space that would break the line.
    private func paramsOnOneLine() throws -> [UInt8]? {
        guard let params else { return nil }
        do {
            var reader = JSONReader(Array(params.utf8))
            let kind = try reader.peek()
            let value = try reader.compactValue()
            try reader.finish()
            guard kind == .object || kind == .array else {
                throw ValidationError("PARAMS must be a JSON object or array.")
            }
            return value
        } catch let error as JSONSyntaxError {
            throw ValidationError("PARAMS is not JSON: \(error).")
        }
    }
}
