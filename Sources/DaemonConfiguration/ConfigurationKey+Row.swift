import JSONRPCServer
import Logging
import NIOCore
import Rights
import UpstreamClient

extension ConfigurationKey {
    /// All that the configuration knows of a key: values are read, checked, shown and documented by it.
    struct Row {
        let rule: Rule
        /// A sentence for a person.
        let meaning: String
        let absence: Absence
        /// Whether a change waits for a restart, because connections and signatures depend on it.
        let needsRestart: Bool
        /// Puts a value, or the elements of a list, where it belongs.
        /// - Returns: What is allowed, if this is not; then nothing is changed.
        let put: ([String], inout Settings) -> String?

        /// What is to be written.
        var allowedInWords: String {
            switch rule {
            case .text: "write a text"
            case .file: "write the path of a file"
            case .integer(let range, _): "write an integer from \(range.lowerBound) to \(range.upperBound)"
            case .decimal(let range, _): "write a number from \(range.lowerBound) to \(range.upperBound)"
            case .choice(let words, _): "write one of \(words.joined(separator: ", "))"
            case .callers: "write who may ask, such as user:NAME"
            case .mappings: "write a list of rules, each with match: [user:NAME]"
            }
        }

        /// What holds if no value is given.
        enum Absence {
            case usual(String)
            /// The text says what holds then.
            case optional(String)
            /// - Parameter needed: What is needed, as the problem says it; `shown` is said in a table.
            case required(needed: String, shown: String)
        }
    }

    /// The table: one row a key.
    var row: Row {
        switch self {
        case .sdkAppId:
            .integer(1...Int(UInt32.max), nil, "The app's SDKAppID.", needsRestart: true) {
                $1.upstream.sdkAppID = UInt64($0)
            }
        case .admin:
            .required(.text, "An administrator account of the app (identifier).", needsRestart: true) {
                $1.upstream.admin = $0
            }
        case .secretKeyFile:
            .required(
                .file, "File with the app's secret key, which neither group nor others may be able to read.",
                shown: "$CREDENTIALS_DIRECTORY/imattrd.secret-key"
            ) { $1.keySource = .file($0) }
        case .signerSocket:
            .optional(
                .file,
                "Socket of the signer, which has the key and makes UserSigs. A key that is given to the daemon itself is used instead.",
                usual: "none; the shipped units: that of imattrd-signer.socket", needsRestart: false
            ) { _, _ in nil }
        case .region:
            .choice(
                Region.self,
                .required(
                    needed: "is required unless upstreamUrl is given; one of \(Region.names)",
                    shown: "required, unless upstreamUrl is given"),
                "Region of the app, which gives the host.", needsRestart: true
            ) { $1.upstream.endpoint = Endpoint($0) }
        case .upstreamUrl:
            .optional(
                .text, "https://HOST[:PORT] instead of a region's host.", usual: "that of the region",
                needsRestart: true
            ) {
                guard let endpoint = Endpoint(url: $0) else { return "must be https://HOST[:PORT] and nothing more" }
                $1.upstream.endpoint = endpoint
                return nil
            }
        case .upstreamCaFile:
            .optional(
                .file,
                "Trust only the roots in this PEM file; only with upstreamUrl. A change holds for new connections.",
                usual: "the system's roots", needsRestart: false
            ) { path, settings in
                switch trustRoots(in: path) {
                case .success(let roots):
                    settings.upstream.trustRoots = roots
                    return nil
                case .failure(let fault): return fault.reason
                }
            }
        case .rateLimit:
            .integer(1...1_000_000, 100, "Calls in any second, as the upstream server counts them.") {
                $1.rateLimit = $0
            }
        case .roundTripCredit:
            .decimal(
                0...0.95, 0.75,
                "The part of the least round trip of the last minute by which the limiter frees slots earlier."
            ) {
                $1.roundTripCredit = $0
            }
        case .maxInFlight:
            .integer(1...10000, 64, "Upstream calls in flight at once; 1 makes them strictly one after another.") {
                $1.maxInFlight = $0
            }
        case .maxAccountsPerRequest:
            .integer(1...1_000_000, 10000, "Accounts in a request.") { $1.maxAccountsPerRequest = $0 }
        case .maxQueuedAccounts:
            .integer(1...100_000_000, 300_000, "Accounts that wait, over all requests.") { $1.maxQueuedAccounts = $0 }
        case .maxQueuedAccountsPerUid:
            .integer(1...100_000_000, 150_000, "Accounts that wait, over all requests of one user.") {
                $1.maxQueuedAccountsPerUID = $0
            }
        case .maxConnections: .integer(1...1_000_000, 4096, "Connections at once.") { $1.server.maxConnections = $0 }
        case .maxConnectionsPerUid:
            .integer(1...1_000_000, 2048, "Connections of one user at once.") { $1.server.maxConnectionsPerUID = $0 }
        case .maxBufferedBytes:
            .integer(1 << 20...1 << 40, 128 << 20, "Bytes of answers not yet read, over all connections.") {
                $1.server.maxBufferedBytes = $0
            }
        case .audit:
            .choice(
                AuditScope.self, .usual(AuditScope.off.rawValue),
                "Log each request; accounts: with the names of the accounts."
            ) { $1.audit = $0 }
        case .maxLineBytes:
            .integer(1024...1 << 30, 4 << 20, "Bytes in a line, which is the longest request.") {
                $1.server.maxLineBytes = $0
            }
        case .writeTimeoutSeconds:
            .integer(1...86400, 60, "Seconds that a caller may leave its answers unread.") {
                $1.server.writeTimeout = .seconds(Int64($0))
            }
        case .upstreamTimeoutMs:
            .integer(100...600_000, 5000, "Milliseconds for one upstream call.") {
                $1.upstream.timeout = .milliseconds($0)
            }
        case .userSigTtlSeconds:
            .integer(
                60...15_552_000, 3600,
                "Seconds that a generated UserSig is valid; it is renewed at half of that. With a signer, 900 by default."
            ) { $1.upstream.userSigLifetime = Int64($0) }
        case .cacheMaxBytes:
            .integer(0...1 << 40, 32 << 20, "Bytes of answers held for maxAgeMs; 0 holds none.") {
                $1.cacheMaxBytes = $0
            }
        case .idleExitSeconds:
            .integer(
                0...31_536_000, 0,
                "Seconds without connection and work after which the daemon exits; 0: never, else at least 10."
            ) { $1.idleExit = $0 == 0 ? nil : .seconds($0) }
        case .allow:
            .callers(
                "Who may ask: user:NAME, group:NAME, uid:N, gid:N, separated by commas. One match suffices; root always may.",
                usual: "everyone whom the socket lets in")
        case .rules:
            .optional(
                .mappings,
                "Rights and shares per caller, a list in the file alone, instead of allow. The first rule that matches decides.",
                usual: "none", needsRestart: false
            ) { _, _ in nil }
        case .logLevel:
            .choice(Logger.Level.self, .usual(Logger.Level.info.rawValue), "What is logged.") { $1.logLevel = $0 }
        case .logFormat:
            .choice(
                Settings.LogFormat.self, .usual(Settings.LogFormat.text.rawValue),
                "How the lines on standard error are written; the journal has fields in any case.", needsRestart: true
            ) { $1.logFormat = $0 }
        case .metricsListen:
            .optional(
                .text, "Loopback ADDRESS:PORT for metrics over HTTP, without systemd; port 0 is any free one.",
                usual: "none", needsRestart: true
            ) {
                guard let address = LoopbackAddress($0) else {
                    return "must be ADDRESS:PORT with a loopback address, such as 127.0.0.1:9464 or [::1]:9464"
                }
                $1.metricsListen = address
                return nil
            }
        }
    }

    /// Reads a file of trust roots (PEM). Every call would fail with a wrong one.
    private func trustRoots(in path: String) -> Result<TrustRoots, UnusableValue> {
        switch SmallFile.read(path, limit: Self.maximumCertificateFile) {
        case .failure(let failure): .failure(.init(reason: failure.description))
        // What reads it takes the line of the mark for a comment, and the first certificate with it.
        case .success(let bytes) where ByteOrderMark.hasUTF8Mark(bytes):
            .failure(.init(reason: "begins with a byte order mark; save it without one"))
        case .success(let bytes):
            TrustRoots(pem: bytes).map { .success($0) }
                ?? .failure(.init(reason: "holds no certificate in PEM form, or one that cannot be read"))
        }
    }

    /// More than ten times what all public authorities together have, in bytes.
    private static let maximumCertificateFile = 4 << 20
}

// MARK: Making rows

extension ConfigurationKey.Row {
    /// - Parameter usual: Nil if the key is required.
    fileprivate static func integer(
        _ range: ClosedRange<Int>, _ usual: Int?, _ meaning: String, needsRestart: Bool = false,
        put: @escaping (Int, inout Settings) -> Void
    ) -> Self {
        let allowed = "an integer from \(range.lowerBound) to \(range.upperBound)"
        return Self(
            rule: .integer(range, usual: usual), meaning: meaning,
            absence: usual.map { .usual("\($0)") } ?? .required(needed: "is required: \(allowed)", shown: "required"),
            needsRestart: needsRestart
        ) { elements, settings in
            guard let value = elements.first.flatMap({ Int($0) }), range.contains(value) else {
                return "must be \(allowed)"
            }
            put(value, &settings)
            return nil
        }
    }

    fileprivate static func decimal(
        _ range: ClosedRange<Double>, _ usual: Double, _ meaning: String,
        put: @escaping (Double, inout Settings) -> Void
    ) -> Self {
        Self(
            rule: .decimal(range, usual: usual), meaning: meaning, absence: .usual("\(usual)"), needsRestart: false
        ) { elements, settings in
            guard let value = elements.first.flatMap({ Double($0) }), range.contains(value) else {
                return "must be a number from \(range.lowerBound) to \(range.upperBound)"
            }
            put(value, &settings)
            return nil
        }
    }

    fileprivate static func choice<Choice: RawRepresentable & CaseIterable>(
        _ choices: Choice.Type, _ absence: Absence, _ meaning: String, needsRestart: Bool = false,
        put: @escaping (Choice, inout Settings) -> Void
    ) -> Self where Choice.RawValue == String {
        let usual: String? = if case .usual(let word) = absence { word } else { nil }
        return Self(
            rule: .choice(choices.allCases.map(\.rawValue), usual: usual), meaning: meaning, absence: absence,
            needsRestart: needsRestart
        ) { elements, settings in
            guard let choice = elements.first.flatMap(Choice.init(rawValue:)) else {
                return "must be one of \(choices.names)"
            }
            put(choice, &settings)
            return nil
        }
    }

    /// A text that must be given.
    fileprivate static func required(
        _ rule: ConfigurationKey.Rule, _ meaning: String, shown: String = "required", needsRestart: Bool = false,
        put: @escaping (String, inout Settings) -> Void
    ) -> Self {
        Self(
            rule: rule, meaning: meaning, absence: .required(needed: "is required", shown: shown),
            needsRestart: needsRestart
        ) { elements, settings in
            put(elements.first ?? "", &settings)
            return nil
        }
    }

    /// A text that need not be given, about the upstream.
    fileprivate static func optional(
        _ rule: ConfigurationKey.Rule, _ meaning: String, usual: String, needsRestart: Bool,
        put: @escaping (String, inout Settings) -> String?
    ) -> Self {
        Self(rule: rule, meaning: meaning, absence: .optional(usual), needsRestart: needsRestart) {
            elements, settings in
            put(elements.first ?? "", &settings)
        }
    }

    fileprivate static func callers(_ meaning: String, usual: String) -> Self {
        Self(rule: .callers, meaning: meaning, absence: .optional(usual), needsRestart: false) { elements, settings in
            do throws(UnusableValue) {
                settings.allow = try AllowList(elements)
                return nil
            } catch {
                return error.reason
            }
        }
    }
}

extension CaseIterable where Self: RawRepresentable, RawValue == String {
    /// All of them, for a person.
    fileprivate static var names: String { allCases.map(\.rawValue).joined(separator: ", ") }
}
