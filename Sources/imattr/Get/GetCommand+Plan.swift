import ArgumentParser
import Glibc
import IMAttrClient

/// From what was given to what is to be done.
extension GetCommand {
    func validate() throws {
        try validateInput()
        try validateOutput()
        if let timeoutMs, !(1...600_000 ~= timeoutMs) {
            throw ValidationError("--timeout-ms is \(timeoutMs); 1 to 600000 are allowed.")
        }
        if let maxAgeMs, !(0...3_600_000 ~= maxAgeMs) {
            throw ValidationError("--max-age-ms is \(maxAgeMs); 0 to 3600000 are allowed.")
        }
    }

    private func validateInput() throws {
        if accounts.isEmpty, from.isEmpty, isatty(STDIN_FILENO) == 1 {
            throw ValidationError(
                "Name at least one account, or a file with --from, or give '-' to type them, one per line.")
        }
        if accounts.contains("-"), accounts.count > 1 || !from.isEmpty {
            throw ValidationError("'-' (standard input) cannot stand beside other accounts: use '--from -'.")
        }
        if from.filter({ $0 == "-" }).count > 1 { throw ValidationError("'--from -' can be given once.") }
        for (index, account) in accounts.enumerated() where !(Account.allowedLength ~= account.utf8.count) {
            throw ValidationError(
                "Account \(index + 1) has \(account.utf8.count) bytes; 1 to 255 are allowed.")
        }
        if let index = accounts.firstIndex(where: { $0.utf8.contains(UInt8(ascii: "\n")) }), !null {
            throw ValidationError(
                "Account \(index + 1) has several lines: give lines to standard input, or add -0 if it is one account.")
        }
        try validateText()
        if column != nil, !textFormats.contains(where: \.hasColumns) {
            throw ValidationError("--column is for CSV and TSV, and nothing given is: add --input-format csv or tsv.")
        }
        if field != nil, !textFormats.contains(where: \.hasFields) {
            throw ValidationError(
                "--field is for JSON and NDJSON, and nothing given is: add --input-format json or ndjson.")
        }
        if let number = column.flatMap({ Int($0) }), number < 1 {
            throw ValidationError("--column is \(number); the first column is 1.")
        }
    }

    private func validateText() throws {
        if null {
            if delimiter != nil { throw ValidationError("-0 and --delimiter cannot both be.") }
            if textFormats.contains(where: { $0 != .lines }) {
                throw ValidationError("-0 is for lines: leave --input-format out, or say lines.")
            }
        }
        if let byte = delimiter?.byte {
            guard textFormats.contains(where: { !$0.hasFields }) else {
                throw ValidationError("--delimiter is for CSV, TSV and lines, and nothing given is.")
            }
            if textFormats.contains(where: \.hasColumns), byte == UInt8(ascii: "\n") || byte == 0 {
                throw ValidationError("--delimiter is a line end, which ends the records of CSV and TSV.")
            }
        }
        if let encoding, (try? Iconv(from: encoding)) == nil {
            throw ValidationError(
                "--encoding \(encoding) is not known here; 'iconv --list' shows what is. UTF-8, UTF-16 and GB18030 are usual."
            )
        }
    }

    private func validateOutput() throws {
        if bom, chosenFormat.separator == nil {
            throw ValidationError("--bom is for --format csv and tsv, which Excel opens.")
        }
        if connection.json, let format, format != .json {
            throw ValidationError("--json and --format \(format.rawValue) cannot both be.")
        }
        if let columns, !chosenFormat.hasColumns || !areColumns(columns) {
            throw ValidationError(
                "--columns takes different names of attributes with commas between them, for tables, CSV and TSV.")
        }
        if resume != nil {
            guard output != nil, chosenFormat.canBeContinued else {
                throw ValidationError("--resume needs --output FILE, and --format ndjson, csv or tsv.")
            }
            if asTheyArrive { throw ValidationError("--resume keeps input order: leave --as-they-arrive out.") }
        }
        if [output, resume, errors].contains("") {
            throw ValidationError("The path of --output, --resume or --errors is empty.")
        }
        if let errors {
            if failFast { throw ValidationError("--fail-fast ends at the first refused account: leave --errors out.") }
            if let other = OutputFormat(fileName: errors), other != .ndjson {
                throw ValidationError("--errors is written as NDJSON; a name in .\(other.rawValue) says otherwise.")
            }
        }
    }

    private func areColumns(_ text: String) -> Bool {
        let names = text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        return names.allSatisfy { !$0.isEmpty && !Columns.isReserved($0) }
            && Set(names.map { Array($0.utf8) }).count == names.count
    }

    // MARK: The plan

    func plan() throws -> GetPlan {
        if let clash = fileRoles.clash {
            throw InputError.sameFile(clash.0.name, clash.1.name)
        }
        if let resume {
            for path in [resume, list].compactMap({ $0 }) {
                if let why = ResumeState.whyNotAFile(path) { throw ResumeError.unreadable(path: path, why: why) }
            }
        }
        return GetPlan(
            socketPath: connection.socket ?? IMAttrSocket.defaultPath(), sources: sources, bytesInAll: try bytesInAll(),
            inputOptions: inputOptions, format: chosenFormat,
            layout: format == nil ? .whicheverIsReadable : .table,
            terminalWidth: output == nil ? Terminal.columns(STDOUT_FILENO) : nil,
            columns: columns?.split(separator: ",").map(String.init), asTheyArrive: asTheyArrive,
            hasMark: bom, output: output,
            resume: resume, errors: list, whenRefused: failFast ? .end : .goOn, showsProgress: showsProgress,
            timeout: .milliseconds(timeoutMs ?? 30_000),
            maxAge: maxAgeMs.map { .milliseconds($0) })
    }

    private var inputOptions: InputOptions {
        var options = InputOptions()
        if let column { options.column = column }
        if let field { options.field = field }
        options.delimiter = null ? 0 : delimiter?.byte
        options.encoding = encoding
        return options
    }

    private var fileRoles: FileRoles {
        var roles = FileRoles()
        for path in texts {
            if path == "-" {
                roles.uses(STDIN_FILENO, as: "standard input", isWritten: false)
            } else {
                roles.reads(path, as: "--from \(path)")
            }
        }
        if let output {
            roles.writes(output, as: "--output \(output)", besideIt: resume == nil ? AnswerFile.partialSuffix : nil)
        } else {
            roles.uses(STDOUT_FILENO, as: "standard output", isWritten: true)
        }
        if let resume { roles.writes(resume, as: "--resume \(resume)", besideIt: ResumeState.nextSuffix) }
        if let list {
            let suffix = resume == nil ? AnswerFile.partialSuffix : ResumeState.nextSuffix
            roles.writes(list, as: errors == nil ? list : "--errors \(list)", besideIt: suffix)
        }
        return roles
    }

    /// Where refused accounts are listed. A run that is gone on with always has a list, since that is what it asks for again.
    private var list: String? { errors ?? resume.map { $0 + ".refused" } }

    /// What is read, `-` being standard input.
    private var texts: [String] {
        if accounts == ["-"] || accounts.isEmpty && from.isEmpty { return ["-"] }
        return from
    }

    private var textFormats: [InputFormat] { texts.map { inputFormat ?? InputFormat(fileName: $0) } }

    private var sources: [AccountInput.Source] {
        let given = accounts == ["-"] ? [] : accounts.map { Account($0) }
        return [.accounts(given)]
            + zip(texts, textFormats).map { path, format in
                .text({ path == "-" ? .standardInput() : try .open(path) }, format)
            }
    }

    /// The size of all files, and that they are there at all: better said before the first of them has been asked for.
    private func bytesInAll() throws -> Int? {
        var sum: Int? = 0
        for path in texts {
            var status = stat()
            let found = path == "-" ? fstat(STDIN_FILENO, &status) : stat(path, &status)
            guard found == 0, path == "-" || access(path, R_OK) == 0 else {
                throw InputError.unreadable(name: path, errno: errno)
            }
            if status.st_mode & S_IFMT == S_IFDIR { throw InputError.unreadable(name: path, errno: EISDIR) }
            let isFile = status.st_mode & S_IFMT == S_IFREG
            sum = isFile ? sum.map { $0 + Int(status.st_size) } : nil
        }
        return sum
    }

    private var chosenFormat: OutputFormat {
        if let format { return format }
        if connection.json { return .json }
        if let output { return OutputFormat(fileName: output) ?? .json }
        return StandardOutput.isTerminal ? .table : .json
    }

    /// Only where a person looks, and the answers do not come in between.
    private var showsProgress: Bool {
        !quiet && isatty(STDERR_FILENO) == 1 && (output != nil || !StandardOutput.isTerminal)
    }
}
