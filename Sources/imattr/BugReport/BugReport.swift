import IMAttrClient
import JSONTokens

/// A report: its sections in their order. Nothing in it acts on a terminal, and ``Redaction`` has seen every line.
struct BugReport {
    /// What a section is about.
    enum Topic: String, CaseIterable {
        case versions, status, doctor, configuration, log
    }

    /// What there is to say about a topic.
    enum Content: Hashable {
        case lines([String])
        /// Why there is nothing.
        case missing(String)
    }

    /// One topic with its content.
    struct Section: Hashable {
        let topic: Topic
        let content: Content

        init(_ topic: Topic, _ content: Content) {
            self.topic = topic
            self.content =
                switch content {
                case .lines(let lines): .lines(lines.map(Self.safe))
                case .missing(let reason): .missing(Self.safe(reason))
                }
        }

        private static func safe(_ text: String) -> String { TerminalText.escape(Redaction.of(text)) }
    }

    let sections: [Section]

    /// How long the daemon may take to give its status.
    private static let patience = Duration.seconds(10)
    /// The one that `imattr doctor` asks for without options, so that its name in the findings says nothing about this app.
    private static let account = Account(DoctorCommand.usualAccount)

    /// Collects everything; what cannot be had is missing, and no error.
    ///
    /// - Parameters:
    ///   - path: The daemon's socket.
    ///   - origin: Where the path comes from, for a person.
    static func collect(path: String, origin: String) async -> BugReport {
        let instance = Instance(socketPath: path)
        let status = await status(path)
        let examination = Examination(path: path, origin: origin, account: account, showsUpstreamText: false)
        let findings = await examination.run()
        return BugReport(sections: [
            Section(.versions, .lines(Versions(daemon: status.version).lines)),
            Section(.status, status.content),
            Section(.doctor, .lines(findings.flatMap { $0.lines(Style(isColoured: false)) })),
            Section(.configuration, ReportedConfiguration.read(of: instance)),
            Section(.log, ReportedLog.read(of: instance)),
        ])
    }

    private static func status(_ path: String) async -> (version: String?, content: Content) {
        let client = IMAttrClient(socketPath: path)
        let result: (String?, Content)
        do {
            let status = try await client.getStatus(timeout: patience)
            result = (status.version, .lines(try ReportedStatus(status.json).lines))
        } catch {
            result = (nil, .missing(Failure(error, showsUpstreamText: false).text))
        }
        await client.close()
        return result
    }
}

extension BugReport {
    private static let notice =
        "Secrets and accounts are left out. Please read it all the same before you publish it."

    /// The report for a person: each section with a heading, and an empty line before it.
    var lines: [String] {
        ["imattr bugreport. \(Self.notice)"]
            + sections.flatMap { ["", "== \($0.topic.rawValue) =="] + $0.content.lines }
    }

    /// `[{"section":…,"lines":[…]},{"section":…,"missing":…},…]`.
    var json: [UInt8] {
        var json = JSONWriter(capacity: 8192)
        json.array { json in
            for section in sections {
                json.object { json in
                    json.key("section")
                    json.string(section.topic.rawValue)
                    switch section.content {
                    case .lines(let lines):
                        json.key("lines")
                        json.array { json in
                            for line in lines { json.string(line) }
                        }
                    case .missing(let reason):
                        json.key("missing")
                        json.string(reason)
                    }
                }
            }
        }
        return json.bytes
    }
}

extension BugReport.Content {
    fileprivate var lines: [String] {
        switch self {
        case .lines(let lines): lines
        case .missing(let reason): ["missing: \(reason)"]
        }
    }
}
