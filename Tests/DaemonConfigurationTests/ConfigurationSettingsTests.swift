import Glibc
import JSONRPCServer
import Logging
import NIOCore
import Rights
import Testing
import UpstreamClient

@testable import DaemonConfiguration

@Suite struct ConfigurationSettingsTests {
    private typealias Reading = ConfigurationReading

    /// A value other than the default for each key that takes one number or word, and how it is seen in the settings.
    static let values: [(ConfigurationKey, String, @Sendable (Settings) -> Bool)] = [
        (.sdkAppId, "4294967295", { $0.sdkAppID == 4_294_967_295 }),
        (.admin, "管理员", { $0.upstream.admin == "管理员" }),
        (.secretKeyFile, "/proc/version", { $0.keySource == .file("/proc/version") }),
        (.signerSocket, "/proc/mounts", { $0.keySource == .signer("/proc/mounts") }),
        (.region, "jakarta", { $0.upstream.endpoint == Endpoint(.jakarta) }),
        (.upstreamUrl, "https://[::1]:8443", { $0.upstream.endpoint == Endpoint(url: "https://[::1]:8443") }),
        (.rateLimit, "7", { $0.rateLimit == 7 }),
        (.roundTripCredit, "0.5", { $0.roundTripCredit == 0.5 }),
        (.maxInFlight, "7", { $0.maxInFlight == 7 }),
        (.maxAccountsPerRequest, "7", { $0.maxAccountsPerRequest == 7 }),
        (.maxQueuedAccounts, "70000", { $0.maxQueuedAccounts == 70000 }),
        (.maxQueuedAccountsPerUid, "70000", { $0.maxQueuedAccountsPerUID == 70000 }),
        (.maxConnections, "7", { $0.server.maxConnections == 7 }),
        (.maxConnectionsPerUid, "7", { $0.server.maxConnectionsPerUID == 7 }),
        (.maxBufferedBytes, "7000000", { $0.server.maxBufferedBytes == 7_000_000 }),
        (.audit, "accounts", { $0.audit == .accounts }),
        (.maxLineBytes, "7000", { $0.server.maxLineBytes == 7000 }),
        (.writeTimeoutSeconds, "7", { $0.server.writeTimeout == .seconds(7) }),
        (.upstreamTimeoutMs, "700", { $0.upstream.timeout == .milliseconds(700) }),
        (.userSigTtlSeconds, "700", { $0.upstream.userSigLifetime == 700 }),
        (.cacheMaxBytes, "0", { $0.cacheMaxBytes == 0 }),
        (.idleExitSeconds, "10", { $0.idleExit == .seconds(10) }),
        (.allow, "uid:7,gid:8", { $0.allow?.allows(Caller(uid: 7, gid: 0, groups: [])) == true }),
        (.logLevel, "trace", { $0.logLevel == .trace }), (.logFormat, "json", { $0.logFormat == .json }),
        (.metricsListen, "127.0.0.1:9464", { $0.metricsListen == LoopbackAddress("127.0.0.1:9464") }),
    ]

    @Test func everyKeyIsInTheTable() {
        // The file of trust roots has to exist, so it has a test of its own.
        #expect(Set(Self.values.map(\.0)).union([.upstreamCaFile, .rules]) == Set(ConfigurationKey.allCases))
    }

    @Test(arguments: 0..<values.count)
    func everyKeyHasAFlagAVariableAndAPlaceInTheFile(index: Int) throws {
        let (key, value, isSeen) = Self.values[index]
        // A key and a signer do not go together.
        let others: Set<ConfigurationKey> = key == .signerSocket ? [key, .secretKeyFile] : [key]
        let required = Reading.required.filter { !others.contains($0.key) }
        let forms = [
            Reading.read(flags: required.merging([key: value]) { $1 }),
            Reading.read(flags: required, environment: [key.environmentVariable: value]),
            Reading.read(flags: required, yaml: "\(key.rawValue): \(value)"),
            Reading.read(flags: required, yaml: "{\"\(key.rawValue)\": \"\(value)\"}"),
        ]
        let origins: [ConfigurationText.Origin] = [
            .flag(key.flag), .environment(key.environmentVariable), .file("/etc/test.yaml", line: 1),
            .file("/etc/test.yaml", line: 1),
        ]
        for (form, origin) in zip(forms, origins) {
            #expect(form.problems.map(\.description) == [])
            #expect(isSeen(try #require(form.settings)))
            #expect(form.values.first { $0.key == key }?.origin == origin)
            #expect(form.values.first { $0.key == key }?.text == value)
        }
        if key != .upstreamUrl, let settings = Reading.read(flags: Reading.required).settings {
            #expect(!isSeen(settings), "the value is the default")
        }
    }

    @Test func flagsAndVariablesHaveTheirForm() {
        #expect(ConfigurationKey.rateLimit.flag == "--rate-limit")
        #expect(ConfigurationKey.rateLimit.environmentVariable == "IMATTRD_RATE_LIMIT")
        #expect(ConfigurationKey.sdkAppId.flag == "--sdk-app-id")
        #expect(ConfigurationKey.maxQueuedAccountsPerUid.environmentVariable == "IMATTRD_MAX_QUEUED_ACCOUNTS_PER_UID")
        #expect(ConfigurationKey.allow.flag == "--allow")
        #expect(
            Set(ConfigurationKey.allCases.map(\.environmentVariable)).isDisjoint(with: [
                "IMATTRD_SOCKET", "IMATTRD_CONFIG",
            ]))
    }

    @Test func flagOverridesVariableOverridesFileOverridesDefault() throws {
        let yaml = "rateLimit: 3\nmaxInFlight: 3\naudit: requests"
        let environment = ["IMATTRD_RATE_LIMIT": "2", "IMATTRD_MAX_IN_FLIGHT": "2", "PATH": "/bin"]
        let flags = Reading.required.merging([.rateLimit: "1"]) { $1 }
        let settings = try #require(Reading.read(flags: flags, environment: environment, yaml: yaml).settings)
        #expect(settings.rateLimit == 1)
        #expect(settings.maxInFlight == 2)
        #expect(settings.audit == .requests)
        #expect(settings.maxAccountsPerRequest == 10_000)
    }

    @Test func defaultsAreThoseOfTheReference() throws {
        let configuration = Reading.read(
            flags: Reading.required.filter { $0.key != .secretKeyFile }, credentialsDirectory: "/c")
        let settings = try #require(configuration.settings)
        let texts = Dictionary(uniqueKeysWithValues: configuration.values.map { ($0.key, $0.text) })
        #expect(
            texts == [
                .sdkAppId: "1400000001", .admin: "administrator", .region: "singapore",
                .secretKeyFile: "/c/imattrd.secret-key", .rateLimit: "100", .roundTripCredit: "0.75",
                .maxInFlight: "64",
                .maxAccountsPerRequest: "10000", .maxQueuedAccounts: "300000", .maxQueuedAccountsPerUid: "150000",
                .maxConnections: "4096", .maxConnectionsPerUid: "2048", .maxBufferedBytes: "134217728", .audit: "off",
                .maxLineBytes: "4194304", .writeTimeoutSeconds: "60", .upstreamTimeoutMs: "5000",
                .userSigTtlSeconds: "3600", .cacheMaxBytes: "33554432", .idleExitSeconds: "0", .logLevel: "info",
                .logFormat: "text",
            ])
        #expect(configuration.values.filter { $0.origin == .builtIn }.count == texts.count - 3)
        #expect(settings.idleExit == nil)
        #expect(settings.allow == nil)
        #expect(settings.upstream.trustRoots == nil)
    }

    /// One problem, which names key, origin, value and what is allowed.
    @Test(arguments: [
        (ConfigurationKey.sdkAppId, "0", "from 1 to 4294967295"), (.sdkAppId, "4294967296", "from 1 to 4294967295"),
        (.sdkAppId, "x", "from 1 to 4294967295"), (.region, "mars", "one of china, singapore"),
        (.upstreamUrl, "http://a.example", "https://HOST[:PORT]"),
        (.upstreamUrl, "https://a.example/path", "https://HOST[:PORT]"),
        (.rateLimit, "0", "from 1 to 1000000"), (.rateLimit, "1000001", "from 1 to 1000000"),
        (.rateLimit, "1.5", "from 1 to"),
        (.rateLimit, "99999999999999999999", "from 1 to"),
        (.rateLimit, " 5", "from 1 to"),
        (.roundTripCredit, "0.96", "from 0.0 to 0.95"), (.roundTripCredit, "-0.1", "from 0.0 to 0.95"),
        (.roundTripCredit, "nan", "from 0.0 to 0.95"), (.roundTripCredit, "much", "from 0.0 to 0.95"),
        (.maxInFlight, "0", "from 1"), (.maxAccountsPerRequest, "0", "from 1"), (.maxQueuedAccounts, "0", "from 1"),
        (.maxQueuedAccountsPerUid, "-1", "from 1"), (.maxConnections, "0", "from 1"),
        (.maxConnectionsPerUid, "0", "from 1"),
        (.maxBufferedBytes, "1", "from 1048576"), (.audit, "all", "one of off, requests, accounts"),
        (.maxLineBytes, "10", "from 1024"), (.writeTimeoutSeconds, "0", "from 1"),
        (.upstreamTimeoutMs, "99", "from 100"),
        (.userSigTtlSeconds, "59", "from 60"), (.cacheMaxBytes, "-1", "from 0"),
        (.idleExitSeconds, "9", "0 (never) or at least 10"),
        (.idleExitSeconds, "-1", "from 0"), (.allow, "wheel", "user:NAME"),
        (.allow, "uid:x", "user:NAME"), (.allow, "uid:-1", "user:NAME"), (.allow, "uid:4294967295", "user:NAME"),
        (.allow, "user:", "user:NAME"), (.allow, "user:no such user", "there is no user"),
        (.allow, "group:no such group", "there is no group"), (.logLevel, "loud", "one of trace, debug"),
    ])
    func valueOutOfRangeIsOneProblem(key: ConfigurationKey, value: String, allowed: String) {
        let problems = Reading.problems(with: key, value)
        #expect(problems.count == 1)
        #expect(problems.first?.hasPrefix("\(key.rawValue) (flag \(key.flag)): \"\(value)\": ") == true)
        #expect(problems.first?.contains(allowed) == true)
    }

    @Test(arguments: [
        (ConfigurationKey.sdkAppId, "sdkAppId: is required"), (.admin, "admin: is required"),
        (.region, "region: is required unless upstreamUrl is given"), (.secretKeyFile, "secretKeyFile: is required"),
    ])
    func missingKeyIsOneProblem(key: ConfigurationKey, start: String) {
        let problems = Reading.read(flags: Reading.required.filter { $0.key != key }).problems.map(\.description)
        #expect(problems.count == 1)
        #expect(problems.first?.hasPrefix(start) == true)
    }

    @Test(arguments: ConfigurationKey.allCases.filter { $0 != .allow && !$0.isOnlyInFile })
    func listForOneValueIsOneProblem(key: ConfigurationKey) {
        let required = Reading.required.filter { $0.key != key }
        let problems = Reading.read(flags: required, yaml: "\(key.rawValue): [1, 2]").problems.map(\.description)
        let shown = key.rule == .file ? "3 characters that are not an absolute path of a file" : "\"1,2\""
        #expect(problems == ["\(key.rawValue) (/etc/test.yaml:1): \(shown): must be one value, not a list"])
    }

    /// YAML's words for nothing are no text.
    @Test(arguments: ConfigurationKey.allCases, ["", "~", "null", "Null", "NULL", "# none", "''", "\"\""])
    func nameWithoutAValueIsOneProblem(key: ConfigurationKey, nothing: String) {
        let flags = Reading.required.filter { $0.key != key }
        let problems = Reading.read(flags: flags, yaml: "\(key.rawValue): \(nothing)").problems.map(\.description)
        #expect(problems.count == 1)
        #expect(problems.first?.hasPrefix("\(key.rawValue) (/etc/test.yaml:1): has no value; write ") == true)
        if nothing.isEmpty, !key.isOnlyInFile {
            for configuration in [
                Reading.read(flags: flags.merging([key: ""]) { $1 }),
                Reading.read(flags: flags, environment: [key.environmentVariable: ""]),
                Reading.read(flags: flags, yaml: "{\"\(key.rawValue)\": null}"),
            ] {
                #expect(configuration.problems.map { $0.description.contains("has no value") } == [true])
            }
        }
    }

    @Test func quotedNullIsAText() {
        #expect(Reading.read(flags: Reading.required, yaml: "admin: 'null'").problems.isEmpty)
        let flags = Reading.required.filter { $0.key != .admin }
        #expect(Reading.read(flags: flags, yaml: "admin: \"~\"").settings?.upstream.admin == "~")
    }

    /// As many as fit into a file. Half as many take half as long, give or take what a busy machine does.
    @Test func manyUnknownKeysAreFiveLinesInLinearTime() {
        func read(_ count: Int) -> (lines: [String], took: Duration) {
            let yaml = (0..<count).map { "k\($0): 1" }.joined(separator: "\n")
            var lines: [String] = []
            let took = ContinuousClock().measure {
                let configuration = Reading.read(flags: Reading.required, yaml: yaml)
                lines = configuration.problems.lines
                #expect(configuration.allProblems == lines)
            }
            return (lines, took)
        }
        let (half, all) = (read(45_000), read(90_000))
        #expect(all.lines.count == 5)
        #expect(all.lines.last == "and 89996 more problems; fix these first")
        #expect(all.lines.first?.hasPrefix("k0 (/etc/test.yaml:1): no such key") == true)
        #expect(all.took < half.took * 8 + .seconds(1))
    }

    @Test func fewProblemsAreAllShown() {
        #expect(Reading.read(yaml: "a: 1").problems.lines.count == 5)
    }

    @Test func everyProblemIsToldAtOnce() {
        let yaml = "rateLimit: 0\nno: 1\nmaxInFlight: 0"
        let problems = Reading.read(environment: ["IMATTRD_NO": "x"], yaml: yaml).problems.map(\.key)
        #expect(
            Set(problems) == [
                "rateLimit", "no", "maxInFlight", "IMATTRD_NO", "sdkAppId", "admin", "region", "secretKeyFile",
            ])
    }

    /// Somebody may have put the key there.
    @Test func valuesOfUnknownNamesAreNotShown() {
        let configuration = Reading.read(
            flags: Reading.required,
            environment: ["IMATTRD_SECRET_KEY": "made-up-key", "IMATTRD_SOCKET": "/s", "IMATTRD_CONFIG": "c"],
            yaml: "secretKey: made-up-key")
        #expect(
            configuration.problems.map(\.description) == [
                "IMATTRD_SECRET_KEY (environment variable IMATTRD_SECRET_KEY): no such key; see imattrd --help for the keys there are",
                "secretKey (/etc/test.yaml:1): no such key; see imattrd --help for the keys there are",
            ])
    }

    @Test func problemIsOneLine() {
        let problems = Reading.problems(
            with: .upstreamUrl, "a\nb\u{2028}c\u{1B}[2J\u{202E}d" + String(repeating: ".x", count: 100))
        #expect(problems.first?.contains("\"a b c [2J d") == true)
        #expect(problems.first?.contains(".x.…\"") == true)
        let configuration = Reading.read(flags: Reading.required, yaml: "\"a\\nb\": 1")
        #expect(configuration.problems.first?.description.hasPrefix("a b (") == true)
    }

    @Test func namedFileThatIsMissingIsAProblem() {
        let text = ConfigurationText(flags: [:], environment: [:], file: nil, namedFile: "/nowhere.yaml")
        #expect(
            text.problems.map(\.description) == [
                "config: 13 characters that are not an absolute path of a file: no such file"
            ])
        #expect(ConfigurationText(flags: [:], environment: [:]).problems.isEmpty)
    }

    @Test func requestThatCouldNeverWaitIsAProblem() {
        #expect(Reading.problems(with: .maxQueuedAccountsPerUid, "9999").count == 1)
        #expect(Reading.problems(with: .maxAccountsPerRequest, "150001").count == 1)
    }

    @Test func trustRootsMustBeThere() throws {
        let folder = try ConfigurationFolder()
        let file = try folder.write("# roots\n\(Self.authority)\n".utf8, to: "ca.pem")
        let broken = try folder.write("-----BEGIN CERTIFICATE-----\nAAAA\n".utf8, to: "broken.pem")
        let empty = try folder.write([], to: "empty.pem")
        let marked = try folder.write("\u{FEFF}-----BEGIN CERTIFICATE-----\n".utf8, to: "marked.pem")
        let flags = Reading.required.merging([.upstreamUrl: "https://a.example"]) { $1 }
        let good = Reading.read(flags: flags.merging([.upstreamCaFile: file]) { $1 })
        #expect(try #require(good.settings).upstream.trustRoots == TrustRoots(pem: Array(Self.authority.utf8)))
        for (path, reason) in [
            (empty, "holds no certificate"), (broken, "or one that cannot be read"),
            (marked, "begins with a byte order mark"), ("/nowhere.pem", "no such file"),
            (folder.path, "no regular file"),
        ] {
            let problems = Reading.read(flags: flags.merging([.upstreamCaFile: path]) { $1 }).problems
            #expect(problems.count == 1)
            #expect(problems.first?.description.contains(reason) == true)
        }
        #expect(Reading.problems(with: .upstreamCaFile, file).first?.contains("goes only with upstreamUrl") == true)
    }

    @Test func keysThatWaitForARestart() {
        let keys = ConfigurationKey.allCases.filter(\.needsRestart)
        #expect(keys == [.sdkAppId, .admin, .region, .upstreamUrl, .logFormat, .metricsListen])
    }

    /// A certificate that nobody uses.
    static let authority = """
        -----BEGIN CERTIFICATE-----
        MIIBiTCCAS+gAwIBAgIUBql9Sf2Q6l/TBLzd5laifmLI1aswCgYIKoZIzj0EAwIw
        GTEXMBUGA1UEAwwOVGVzdCBhdXRob3JpdHkwIBcNMjYxMTMwMTUwMDU1WhgPMjEy
        NjExMDYxNTAwNTVaMBkxFzAVBgNVBAMMDlRlc3QgYXV0aG9yaXR5MFkwEwYHKoZI
        zj0CAQYIKoZIzj0DAQcDQgAEbb4IB0RDTCIA/Qa0POiilJ9hXY7Qd6SSh8KpDlga
        RJDsWkl2j/lK6gHKO66WCV1q7bl1jLEIPCNmba9+RPuDaKNTMFEwHQYDVR0OBBYE
        FEDb9VsczPjTD4jfgAGXM8wcKM62MB8GA1UdIwQYMBaAFEDb9VsczPjTD4jfgAGX
        M8wcKM62MA8GA1UdEwEB/wQFMAMBAf8wCgYIKoZIzj0EAwIDSAAwRQIhAJw2HiDp
        JiexxoXp1VkbiZUDjA+PW80I3wtJF6jLi6V4AiAfKjJTJMKNkRzjKVtoiRMo8YYs
        bGmmZuCXkWENWfDIRw==
        -----END CERTIFICATE-----
        """

    /// They are for the host that a restart brings.
    @Test func trustRootsWaitWithTheirURL() throws {
        let folder = try ConfigurationFolder()
        let roots: [ConfigurationKey: String] = [
            .upstreamCaFile: try folder.write(Self.authority.utf8, to: "ca.pem")
        ]
        let url: [ConfigurationKey: String] = [.upstreamUrl: "https://a.example"]
        func settings(_ changes: [ConfigurationKey: String]) throws -> Settings {
            try #require(Reading.read(flags: Reading.required.merging(changes) { $1 }).settings)
        }
        let (region, host) = (try settings([:]), try settings(url))
        let trusting = try settings(url.merging(roots) { $1 })
        #expect(host.keysForRestart(to: trusting) == [])
        #expect(trusting.keeping(whatWaitsForARestart: host).upstream.trustRoots != nil)
        #expect(host.keeping(whatWaitsForARestart: trusting).upstream.trustRoots == nil)
        #expect(region.keysForRestart(to: trusting) == [.region, .upstreamUrl, .upstreamCaFile])
        #expect(trusting.keeping(whatWaitsForARestart: region).upstream.trustRoots == nil)
    }

    /// Each change is reported by the key that was changed.
    @Test(
        arguments: [
            ([.region: "tokyo"], [.region]), ([.upstreamTimeoutMs: "700"], []),
            ([.upstreamUrl: "https://a.example"], [.region, .upstreamUrl]), ([.rateLimit: "7", .allow: "uid:1"], []),
            ([.admin: "a", .sdkAppId: "7"], [.sdkAppId, .admin]), ([.upstreamTimeoutMs: "5000"], []),
        ] as [([ConfigurationKey: String], [ConfigurationKey])])
    func changesThatWaitForARestart(changes: [ConfigurationKey: String], waiting: [ConfigurationKey]) throws {
        let old = try #require(Reading.read(flags: Reading.required).settings)
        let new = try #require(Reading.read(flags: Reading.required.merging(changes) { $1 }).settings)
        #expect(old.keysForRestart(to: new) == waiting)
        let kept = new.keeping(whatWaitsForARestart: old)
        #expect(kept.upstream.endpoint == old.upstream.endpoint && kept.upstream.admin == old.upstream.admin)
        #expect(kept.rateLimit == new.rateLimit && kept.upstream.timeout == new.upstream.timeout)
        #expect(kept.keysForRestart(to: new) == waiting, "they wait after the next reload as well")
    }

    /// Every key of the file that is installed, with its commented values as they stand there.
    @Test func installedFileIsUnderstood() throws {
        let root = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3).joined(separator: "/")
        let path = root + "/systemd/config.yaml"
        guard case .success(let bytes) = SmallFile.read(path, limit: 1 << 20) else {
            Issue.record("\(path) cannot be read")
            return
        }
        let asInstalled = YAMLFile(bytes, path: path)
        #expect(asInstalled.problems.isEmpty)
        #expect(asInstalled.entries.isEmpty)
        let uncommented = String(decoding: bytes, as: UTF8.self).split(separator: "\n").map { line in
            line.hasPrefix("#") && !line.hasPrefix("# ") ? line.dropFirst() : line
        }.joined(separator: "\n")
        let file = YAMLFile(Array(uncommented.utf8), path: path)
        #expect(file.problems.isEmpty)
        #expect(Set(file.entries.map(\.name)) == Set(ConfigurationKey.allCases.map(\.rawValue)))
        let usual = Reading.read(flags: Reading.required).values.filter { $0.origin == .builtIn }
        for value in usual {
            #expect(file.entries.first { $0.name == value.key.rawValue }?.entry.text == value.text, "\(value.key)")
        }
        // The paragraph before a key says whether it needs a restart.
        for paragraph in String(decoding: bytes, as: UTF8.self).split(separator: "\n\n") {
            for key in ConfigurationKey.allCases where paragraph.contains("\n#\(key.rawValue):") {
                #expect(paragraph.contains("# (restart)") == key.needsRestart, "\(key)")
            }
        }
    }
}
