import ArgumentParser
import Glibc
import IMAttrClient

/// `imattr get`: the attributes of accounts.
struct GetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "get",
        abstract: "Get the attributes of accounts.",
        discussion: """
            Accounts are taken from the arguments, then from the files of --from; if there are neither, from standard input. \
            Any number of accounts can be asked for in bounded memory. They are sent as requests of \(AccountInput.size) accounts, \
            \(GetJob.inFlight) of them in flight, and answers are written as they arrive, in the order of the input. A restart of \
            the daemon is not noticed. What the daemon refuses temporarily is asked again, until a minute passes without any \
            answer. An account that is repeated within \(AccountInput.size) is answered once: use 'sort -u' on lists with \
            repetitions.

            An account that is refused does not end the job: the others are answered, and it is written among them with its code, \
            or listed in the file of --errors. Standard error says how many were refused, and the exit code is 1. --fail-fast \
            ends the job with the first one.

            Input: one account per line, spaces included; a column of CSV or TSV; a JSON array, or one JSON value per line (NDJSON), \
            of strings or of objects. The file name's extension decides (.csv .tsv .json .ndjson .jsonl, otherwise lines). UTF-16 \
            is recognised, with and without a byte order mark; other encodings than that and UTF-8 need --encoding. A control \
            character in an account is an error, since the text is probably not what it was taken for, except in JSON and with -0.

            Output:
              table   for people; missing accounts are listed on standard error. On a terminal, what is wider is cut, and one or \
            a few accounts are shown as by vertical if no form is chosen
              vertical  for people: each attribute on a line of its own, whole
              json    {"UserAttrs":[…],"missing":[…]}, and "failed":[…] if accounts were refused; missing and refused accounts come \
            at the end, and are kept in a temporary file until then
              ndjson  one object per line: {"To_Account":…,"Attrs":{…}}, {"To_Account":…,"missing":true} or \
            {"To_Account":…,"failed":true,"code":…,"message":…}
              csv,tsv To_Account, missing (true or empty), then the attributes: those of --columns, or those of the first \
            \(SeparatedWriter.held) accounts and then, if there are more accounts, a column Attrs with a JSON object of all \
            other ones; then error, the code of a refused account (not with --errors, --resume or --fail-fast). Texts are written \
            as they are, other values as JSON.

            --output FILE is written as FILE.partial and renamed when it is complete. With --resume STATE it is written in place, \
            and STATE records the progress: after an interruption of any kind (Ctrl-C, a crash, a full disk) the same command \
            continues, and no account is missing or repeated. Refused accounts are listed in the file of --errors, or in \
            STATE.refused, and the same command asks for them again. Accounts may have been appended to the input meanwhile. No two of \
            the files may be the same one, by whatever names.

            After Ctrl-C, the output has complete lines, or one complete document, of what was answered.

            Examples:
              imattr get 'Zhang Xiaohong' abc
              imattr get < accounts.txt > attributes.json
              imattr get --from excel.csv --encoding gb18030 --delimiter ';' --bom --format csv
              imattr get --from users.csv --column user_id --format csv --columns sex,city --output users-attrs.csv
              imattr get --from accounts.txt --format ndjson --output attrs.ndjson --resume attrs.state
            """
    )

    @Argument(help: "Accounts (To_Account), each 1 to 255 bytes; '-' alone reads standard input.")
    var accounts: [String] = []

    @Option(
        help: ArgumentHelp("A file with accounts, '-' for standard input; may be repeated.", valueName: "file"),
        completion: .file())
    var from: [String] = []

    @Option(help: ArgumentHelp("The format of all files and of standard input.", valueName: "format"))
    var inputFormat: InputFormat?

    @Option(
        help: ArgumentHelp(
            "The column of CSV and TSV: its name in the first line, or its number if the file has no such line. (default: To_Account)",
            valueName: "name|number"))
    var column: String?

    @Option(help: ArgumentHelp("The field of JSON objects. (default: To_Account)", valueName: "name"))
    var field: String?

    @Flag(
        name: [.customShort("0"), .long],
        help: "Accounts are separated by NUL characters, as 'find -print0' writes them, and may have any characters.")
    var null = false

    @Option(
        help: ArgumentHelp(
            "The character between two columns of CSV and TSV, or after a line: one of ASCII, \\t or \\n.",
            valueName: "character"))
    var delimiter: Delimiter?

    @Option(
        help: ArgumentHelp(
            "The encoding of files and standard input, such as UTF-16, GB18030 or GBK. (default: found; else UTF-8)",
            valueName: "name"))
    var encoding: String?

    @Option(
        help: ArgumentHelp(
            "The form of answers. (default: what the name of --output says, table on a terminal, else json)",
            valueName: "format"))
    var format: OutputFormat?

    @Option(help: ArgumentHelp("The attributes that tables, CSV and TSV have columns for.", valueName: "a,b,…"))
    var columns: String?

    @Flag(help: "Begin CSV and TSV with a byte order mark, by which Excel knows that they are UTF-8.")
    var bom = false

    @Flag(help: "Write answers as they arrive, and not in input order.")
    var asTheyArrive = false

    @Option(name: .shortAndLong, help: ArgumentHelp("Write to a file.", valueName: "file"), completion: .file())
    var output: String?

    @Option(
        help: ArgumentHelp("Note in a file how far it has come, and go on from there.", valueName: "state"),
        completion: .file())
    var resume: String?

    @Option(
        help: ArgumentHelp(
            "List refused accounts in a file, as lines of JSON with their codes. (default: among the answers)",
            valueName: "file"), completion: .file())
    var errors: String?

    @Flag(help: "End at the first refused account.")
    var failFast = false

    @Flag(help: "Draw no progress bar.")
    var quiet = false

    @Option(help: ArgumentHelp("How long each request may take: 1 to 600000. (default: 30000)", valueName: "ms"))
    var timeoutMs: Int?

    @Option(help: ArgumentHelp("How old an answer that is held may be: 0 to 3600000.", valueName: "ms"))
    var maxAgeMs: Int?

    @OptionGroup var connection: ConnectionOptions

    func run() async throws {
        let plan: GetPlan
        do {
            plan = try self.plan()
        } catch {
            let failure = Failure(error)
            StandardError.write(failure.text)
            throw ExitCode(failure.status.rawValue)
        }
        let interruption = Interruption()
        // A task of its own, so that a signal can cancel it.
        let task = Task { await plan.run(interruption) }
        interruption.watch { task.cancel() }
        throw ExitCode(await task.value)
    }
}
