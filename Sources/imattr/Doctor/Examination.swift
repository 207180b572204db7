import AttributeAPI
import Glibc
import IMAttrClient
import JSONRPC

/// The steps of `imattr doctor`, each of which needs the one before it.
struct Examination {
    let path: String
    /// Where the path comes from: a flag, a variable, the default.
    let origin: String
    let account: Account
    /// Whether findings may name accounts, as the upstream's texts do.
    var showsUpstreamText = true

    /// How long the daemon may take to say anything.
    private static let patience = Duration.seconds(10)

    func run() async -> [Finding] {
        var findings = [socket()]
        if goesOn(findings) { findings.append(permission()) }
        if goesOn(findings) { findings += await conversation() }
        let missing = Finding.Step.allCases.dropFirst(findings.count)
        return findings + missing.map { Finding($0, .notTried, "a step before it failed") }
    }

    private func goesOn(_ findings: [Finding]) -> Bool { findings.allSatisfy { !$0.verdict.isFailure } }

    // MARK: The socket

    private func socket() -> Finding {
        let place = "\(path) (\(origin))"
        switch SocketFile.look(at: path) {
        case .success(let file) where file.isSocket: return Finding(.socket, .ok, "\(place), \(file.rights)")
        case .success:
            return Finding(.socket, .failed(.noDaemon, advice: pathAdvice), "\(place) is no socket")
        case .failure(let error) where error.errno == EACCES:
            let advice = "Some folder above it does not let you through; the packaged /run/imattrd has mode 0755."
            return Finding(.socket, .failed(.accessDenied, advice: advice), "\(place): permission denied")
        case .failure(let error) where error.errno == ENAMETOOLONG:
            return Finding(.socket, .failed(.usage, advice: pathAdvice), "\(place): the path is too long")
        case .failure(let error):
            let reason = error.errno == ENOENT ? "there is no such file" : SystemCall.text(of: error.errno)
            return Finding(.socket, .failed(.noDaemon, advice: startAdvice), "\(place): \(reason)")
        }
    }

    private var pathAdvice: String { "Give the daemon's socket with --socket or IMATTRD_SOCKET." }

    private var startAdvice: String {
        let table = Advice.text(of: "/proc/net/unix") ?? ""
        return advice.forMissingSocket(isListenedOn: Advice.isListenedOn(path, table: table))
    }

    private var advice: Advice { Advice(socket: path) }

    /// How the units of further sockets of a daemon are named. One starts with the service, which systemd does not give it while it runs.
    static let furtherSocket = "imattrd-at@"

    /// The unit that owns a socket: an instance's for `/run/imattrd/NAME.sock`, a further one's for `/run/imattrd-at/NAME/imattrd.sock`.
    static func socketUnit(of path: String) -> String {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        if parts.count == 5, path.hasPrefix("/run/imattrd-at/"), parts[4] == "imattrd.sock", !parts[3].isEmpty {
            return "\(furtherSocket)\(parts[3]).socket"
        }
        let folder = "/run/imattrd/"
        let ending = ".sock"
        guard path.hasPrefix(folder), path.hasSuffix(ending) else { return "imattrd.socket" }
        let name = path.dropFirst(folder.count).dropLast(ending.count)
        return name == "imattrd" || name.isEmpty || name.contains("/") ? "imattrd.socket" : "imattrd@\(name).socket"
    }

    // MARK: The right to it

    private func permission() -> Finding {
        let user = Names.user(geteuid())
        guard case .success(let file) = SocketFile.look(at: path) else {
            return Finding(.permission, .failed(.noDaemon, advice: startAdvice), "the socket has gone meanwhile")
        }
        if file.isWritable { return Finding(.permission, .ok, "\(user) may connect") }
        let group = Names.group(file.group)
        let seen = "\(user) may not connect: the socket is \(file.rights)"
        let advice =
            if Names.isListed(user, in: file.group), !Names.processHas(file.group) {
                "You are in group \(group), but this session does not know yet: log in again, or use 'newgrp \(group)'."
            } else {
                self.advice.forRefusedUser(
                    user, group: group, isRootsGroup: file.group == 0, isForGroup: file.mode & 0o020 != 0)
            }
        return Finding(.permission, .failed(.accessDenied, advice: advice), seen)
    }

    // MARK: The daemon

    private func conversation() async -> [Finding] {
        let client = IMAttrClient(socketPath: path)
        var findings: [Finding] = []
        for step in [daemon, state, rights, call] where goesOn(findings) { findings.append(await step(client)) }
        await client.close()
        return findings
    }

    private func daemon(_ client: IMAttrClient) async -> Finding {
        let start = ContinuousClock.now
        do {
            try await client.ping(timeout: Self.patience)
            return Finding(.daemon, .ok, "answers, after \(Self.milliseconds(since: start))")
        } catch {
            return failed(.daemon, error)
        }
    }

    private func state(_ client: IMAttrClient) async -> Finding {
        do {
            let status = try DaemonStatus(try await client.getStatus(timeout: Self.patience).json)
            let reasons = status.reasons.joined(separator: "; ")
            let seen =
                "\(status["state"] ?? "?"), version \(status["version"] ?? "?")\(reasons.isEmpty ? "" : ": \(reasons)")"
            let found = status.reasons.lazy.compactMap(advice.forReason).first
            switch status.state {
            case .ready, .unknown:
                if status["userSig.keySource"] == "credential", let moving = advice.forKeyOfTheDaemon(advice.dropIns())
                {
                    return Finding(.state, .warning(advice: moving), seen)
                }
                return Finding(.state, .ok, seen)
            case .stopping: return Finding(.state, .failed(.tryAgain, advice: "Try again."), seen)
            // The call shows whether it is still so, and its code says more.
            case .degraded: return Finding(.state, .warning(advice: found ?? Self.administratorAdvice), seen)
            case .misconfigured:
                return Finding(.state, .failed(.misconfigured, advice: found ?? Self.administratorAdvice), seen)
            }
        } catch {
            return failed(.state, error)
        }
    }

    // MARK: Rights

    /// Which rule applies to this user, and why.
    private func rights(_ client: IMAttrClient) async -> Finding {
        do {
            let status = try DaemonStatus(try await client.getStatus(timeout: Self.patience).json)
            return rights(by: status)
        } catch {
            return failed(.rights, error)
        }
    }

    /// What the daemon says of the caller.
    func rights(by status: DaemonStatus) -> Finding {
        let who = "user \(status["caller.uid"] ?? "?") on the socket \(status["caller.socket"] ?? "?")"
        switch status["caller.access"] {
        case nil: return Finding(.rights, .ok, "there are no rules: all callers have the same rights")
        case "all": return Finding(.rights, .ok, "no rule limits \(who)")
        case "rule":
            let name = status["caller.rule.name"] ?? "?"
            var seen = "rule \(name) applies to \(who), because of \(status["caller.because"] ?? "?")"
            if let count = status["caller.rule.accountPatterns"] { seen += "; accounts by \(count) patterns" }
            if let count = status.count(of: "caller.rule.attributes") {
                seen += "; \(Quantity.count(count, "attribute"))"
            }
            guard status.mayAskForAttributes else {
                return Finding(.rights, .failed(.accessDenied, advice: rightsAdvice), "\(seen); not getAttrs")
            }
            return Finding(.rights, .ok, seen)
        default:
            return Finding(.rights, .failed(.accessDenied, advice: rightsAdvice), "no rule matches \(who)")
        }
    }

    private var rightsAdvice: String {
        "An administrator changes 'rules' in the daemon's configuration; 'imattrd --check --as user:\(Names.user(geteuid()))' shows them."
    }

    // MARK: The call

    private static let administratorAdvice =
        "An administrator finds more with 'journalctl -u imattrd', and with 'imattrd --check --online' as root."

    private func call(_ client: IMAttrClient) async -> Finding {
        let start = ContinuousClock.now
        do {
            let result = try await client.getAttrs([account], timeout: .seconds(30))
            let what = result.userAttrs.isEmpty ? "upstream does not know" : "upstream has answered for"
            return Finding(.call, .ok, "\(what) '\(account.text)', after \(Self.milliseconds(since: start))")
        } catch IMAttrError.refused(let answer) where answer.code == Self.notImported {
            return Finding(
                .call, .ok, "upstream does not know '\(account.text)', after \(Self.milliseconds(since: start))")
        } catch IMAttrError.refused(let answer) where answer.code == KnownError.accessDenied.code && answer.path != nil
        {
            let advice = "Give --account one that your rule allows. \(rightsAdvice)"
            return Finding(.call, .warning(advice: advice), "your rule does not allow '\(account.text)'")
        } catch {
            return failed(.call, error)
        }
    }

    /// Tencent's code for an account that the app does not have.
    private static let notImported = 70107

    private func failed(_ step: Finding.Step, _ error: any Error) -> Finding {
        let failure = Failure(error, showsUpstreamText: showsUpstreamText)
        let advice =
            switch failure.status {
            case .noDaemon: startAdvice
            case .accessDenied: rightsAdvice
            default: Self.administratorAdvice
            }
        return Finding(step, .failed(failure.status, advice: advice), failure.text)
    }

    private static func milliseconds(since start: ContinuousClock.Instant) -> String {
        "\(Int((ContinuousClock.now - start) / .milliseconds(1))) ms"
    }
}
