import AttributeAPI
import AttributeValues
import CallScheduling
import DaemonConfiguration
import Glibc
import JSONRPC
import JSONRPCServer
import JSONTokens
import NIOCore
import UpstreamClient

extension DaemonCore {
    /// Users whose waiting accounts are listed.
    private static let listedUsers = 100

    /// The result of `getStatus`. Never a secret, and of other users only to administrators.
    func statusJSON(for connection: any RPCConnection) -> [UInt8] {
        let now = driver?.time() ?? .now()
        note(connection)
        let standing = access.standing(of: connection)
        if isAdministrator(connection) {
            let json = makeStatus(at: now, for: .administrators)
            return access.rules.isEmpty ? json : Self.adding(callerJSON(connection, standing), to: json)
        }
        // Who may do nothing else sees that, and how the daemon is, but nothing of the calls.
        if case .refused = standing {
            return Self.adding(callerJSON(connection, standing), to: makeStatus(at: now, for: .refusedCallers))
        }
        var json = texts.status.current(at: now) ?? texts.status.keep(makeStatus(at: now, for: .callers), at: now)
        let waiting = driver?.waitingAccounts(of: CallerKey(connection).principal) ?? 0
        if waiting > 0 { json = Self.adding(waiting, of: connection.caller.uid, to: json) }
        if access.rules.isEmpty { return json }
        return Self.adding(callerJSON(connection, standing), to: json)
    }

    /// Who reads a status.
    private enum Reader {
        case administrators, callers, refusedCallers
    }

    /// Puts a user's own waiting accounts into the text that all share.
    private static func adding(_ waiting: Int, of uid: UInt32, to shared: [UInt8]) -> [UInt8] {
        guard let place = shared.firstRange(of: noUsers) else { return shared }
        return shared[..<(place.upperBound - 1)] + Array("\"\(uid)\":\(waiting)".utf8)
            + shared[(place.upperBound - 1)...]
    }

    /// Puts what is about a caller into the text that all share.
    private static func adding(_ caller: [UInt8], to shared: [UInt8]) -> [UInt8] {
        shared.dropLast() + Array(#","caller":"#.utf8) + caller + [UInt8(ascii: "}")]
    }

    private static let noUsers = Array(#""waitingAccountsByUid":{}"#.utf8)

    private func makeStatus(at now: Moment, for reader: Reader) -> [UInt8] {
        let state = state
        var json = JSONWriter(capacity: 2048)
        json.object { json in
            json.key("version")
            json.string(Version.current)
            json.key("pid")
            json.integer(getpid())
            json.key("uptimeSeconds")
            json.integer((now - startedAt).nanoseconds / 1_000_000_000)
            json.key("state")
            json.string(state.state.rawValue)
            json.key("reasons")
            json.array { json in
                for reason in state.reasons { json.string(reason) }
            }
            json.key("connections")
            json.integer(server.connectionCount)
            json.key("bufferedBytes")
            json.integer(server.bufferedBytes)
            json.key("door")
            writeDoor(to: &json)
            json.key("requests")
            writeRequests(to: &json)
            if reader == .refusedCallers { return }
            writeServing(at: now, for: reader, to: &json)
            json.member("lastReload", lastReload) { Self.write($1, for: reader, to: &$0) }
        }
        return json.bytes
    }

    private func writeDoor(to json: inout JSONWriter) {
        let counters = server.counters
        json.object { json in
            json.key("accepted")
            json.integer(counters.connections)
            json.key("refusedByLimit")
            Self.write(counters.refusedConnections, to: &json)
            json.key("displacedByLimit")
            Self.write(counters.displaced, to: &json)
            json.key("stuck")
            json.integer(counters.stuckConnections)
            json.key("descriptorShortages")
            json.integer(counters.descriptorShortages)
            json.key("isShortOfDescriptors")
            json.boolean(server.isShortOfDescriptors)
        }
    }

    private static func write(_ counts: [String: Int], to json: inout JSONWriter) {
        json.object { json in
            for (name, count) in counts.sorted(by: { $0.key < $1.key }) {
                json.key(text: name)
                json.integer(count)
            }
        }
    }

    private func writeRequests(to json: inout JSONWriter) {
        json.object { json in
            for (method, count) in requests.receivedByMethod {
                json.key(text: method)
                json.integer(count)
            }
        }
    }

    private func writeServing(at now: Moment, for reader: Reader, to json: inout JSONWriter) {
        guard let driver, let upstream, let settings else { return }
        let scheduler = driver.snapshot(at: now, users: reader == .administrators ? Self.listedUsers : 0)
        json.key("upstream")
        // Under rules, upstream's own words could name an account that not everybody may know.
        let showsWords = reader == .administrators || access.rules.isEmpty
        writeUpstream(scheduler, driver, upstream, showsWords: showsWords, to: &json)
        json.key("limiter")
        writeLimiter(scheduler, settings, to: &json)
        json.key("queue")
        json.object { json in
            json.key("requests")
            json.integer(scheduler.openRequests)
            json.key("waitingAccounts")
            json.integer(scheduler.waitingAccounts)
            json.member("oldestWaitingMs", scheduler.oldestWaiting) { $0.integer($1.millisecondsRoundedUp) }
            json.key("waitingUsers")
            json.integer(scheduler.waitingUsers)
            json.key("waitingAccountsByUid")
            json.object { json in
                for (uid, count) in scheduler.accountsByUser {
                    json.key(text: String(uid))
                    json.integer(count)
                }
            }
        }
        json.key("held")
        json.object { json in
            json.key("answers")
            json.integer(scheduler.heldAnswers.count)
            json.key("bytes")
            json.integer(scheduler.heldAnswers.bytes)
        }
        json.key("counters")
        Self.write(scheduler.counters, driver, to: &json)
        json.key("userSig")
        json.object { json in
            json.key("expiresAt")
            if let expiry = upstream.userSigExpiresAt { json.integer(expiry) } else { json.null() }
        }
    }

    private func writeUpstream(
        _ scheduler: CallScheduler.Snapshot, _ driver: CallDriver, _ upstream: UpstreamClient, showsWords: Bool,
        to json: inout JSONWriter
    ) {
        json.object { json in
            json.key("host")
            json.string(upstream.configuration.endpoint.description)
            json.key("healthy")
            json.boolean(driver.health.lastFailure == nil)
            json.key("open")
            json.boolean(scheduler.closedBecause == nil)
            json.key("failuresInARow")
            json.integer(scheduler.failuresInARow)
            json.member("lastError", driver.health.lastFailure) { json, failure in
                json.object { json in
                    json.key("code")
                    json.integer(failure.code)
                    json.key("message")
                    json.string(failure.message)
                    json.member("ErrorInfo", showsWords ? failure.errorInfo : nil) { $0.string($1) }
                }
            }
        }
    }

    private func writeLimiter(_ scheduler: CallScheduler.Snapshot, _ settings: Settings, to json: inout JSONWriter) {
        let limit = scheduler.currentLimit
        json.object { json in
            json.key("rateLimit")
            json.integer(settings.rateLimit)
            json.key("currentLimit")
            json.integer(limit)
            json.member("why", limit < settings.rateLimit ? "upstream refused calls for their frequency" : nil) {
                $0.string($1)
            }
            json.key("slotsHeld")
            json.integer(scheduler.slotsHeld)
            json.key("creditMs")
            json.number(Double(scheduler.currentCredit.nanoseconds) / 1e6)
            json.key("callsUnderWay")
            json.integer(scheduler.callsUnderWay)
            json.key("maxInFlight")
            json.integer(settings.maxInFlight)
        }
    }

    private static func write(_ counters: CallScheduler.Counters, _ driver: CallDriver, to json: inout JSONWriter) {
        let numbers: [(StaticString, Int)] = [
            ("calls", counters.calls), ("accounts", counters.accounts), ("callsNeverSent", counters.neverSent),
            ("retries", counters.retries), ("signatureRenewals", counters.renewals), ("slowDowns", counters.slowDowns),
            ("isolations", counters.isolations), ("isolationCalls", counters.isolationCalls),
            ("fromMemory", counters.fromMemory),
            ("answered", counters.answered), ("failed", counters.failed), ("expired", counters.expired),
            ("overloaded", counters.overloaded), ("withdrawn", counters.withdrawn), ("stopped", counters.stopped),
            ("unrequestedAccounts", driver.metrics.unrequestedAccounts),
        ]
        json.object { json in
            for (name, count) in numbers {
                json.key(name)
                json.integer(count)
            }
            json.key("accountsPerCall")
            json.number(counters.calls == 0 ? 0 : Double(counters.accounts) / Double(counters.calls))
            json.key("failedCallsByCode")
            json.object { json in
                for (code, count) in counters.failedCalls.sorted(by: { $0.key < $1.key }) {
                    json.key(text: String(code))
                    json.integer(count)
                }
            }
        }
    }

    private static func write(_ reload: ReloadOutcome, for reader: Reader, to json: inout JSONWriter) {
        json.object { json in
            json.key("at")
            json.integer(reload.at)
            json.key("succeeded")
            json.boolean(reload.succeeded)
            json.key("problems")
            json.array { json in
                let isFull = reader == .administrators
                for problem in isFull ? reload.problems : reload.problemsForCallers { json.string(problem) }
            }
            json.key("keysForRestart")
            json.array { json in
                for key in reload.keysForRestart { json.string(key) }
            }
        }
    }
}
