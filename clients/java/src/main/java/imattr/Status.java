package imattr;

import java.util.List;
import java.util.Map;

// clients/contract/status-types prints this from the daemon's own schema.
/**
 * What the daemon answered to {@link IMAttrClient#getStatus()}: its state, limits and counters.
 *
 * @param version The daemon's version.
 * @param pid Its process.
 * @param uptimeSeconds Seconds since it was started.
 * @param state The state. One of ready, degraded, misconfigured, stopping.
 * @param reasons Why it is not ready.
 * @param connections Open connections.
 * @param bufferedBytes Bytes of answers that wait to be read.
 * @param door What became of connections since the start.
 * @param requests Requests so far by method; unknown methods are under unknown.
 * @param upstream The server that is asked. Null if it is not there.
 * @param limiter What keeps calls below the limit. Null if it is not there.
 * @param queue Who waits. Null if it is not there.
 * @param held Answers held for maxAgeMs. Null if it is not there.
 * @param counters What has happened since the start. Null if it is not there.
 * @param userSig The UserSig in use. Null if it is not there.
 * @param lastReload The last reload. Null if it is not there.
 * @param caller Where the operator has rules: who asks, and by which rule. Null if it is not there.
 * @param json all of it, with what this version does not know
 */
public record Status(
        String version,
        long pid,
        long uptimeSeconds,
        String state,
        List<String> reasons,
        long connections,
        long bufferedBytes,
        Door door,
        Map<String, Long> requests,
        Upstream upstream,
        Limiter limiter,
        Queue queue,
        Held held,
        Counters counters,
        UserSig userSig,
        LastReload lastReload,
        Caller caller,
        JsonObject json) {
    private Status(Members members, JsonObject json) {
        this(
                Members.or(members.text("version"), ""),
                Members.or(members.integer("pid"), 0L),
                Members.or(members.integer("uptimeSeconds"), 0L),
                Members.or(members.text("state"), ""),
                members.texts("reasons"),
                Members.or(members.integer("connections"), 0L),
                Members.or(members.integer("bufferedBytes"), 0L),
                members.object("door", Door::new),
                members.integers("requests"),
                members.object("upstream", Upstream::new),
                members.object("limiter", Limiter::new),
                members.object("queue", Queue::new),
                members.object("held", Held::new),
                members.object("counters", Counters::new),
                members.object("userSig", UserSig::new),
                members.object("lastReload", LastReload::new),
                members.object("caller", Caller::new),
                json);
    }

    static Status read(JsonObject json) {
        return new Status(new Members(json), json);
    }

    static boolean fits(Object json) {
        try {
            return json instanceof JsonObject object && read(object) != null;
        } catch (Members.Mismatch mismatch) {
            return false;
        }
    }

    /**
     * What became of connections since the start.
     *
     * @param accepted Connections that were served.
     * @param refusedByLimit Connections that were refused, by the limit that was reached.
     * @param displacedByLimit Connections that lost their place, an unfinished line or unread answers to users with less, by limit.
     * @param stuck Connections that were closed because their callers did not read.
     * @param descriptorShortages Times that accepting paused because no file descriptor was left.
     * @param isShortOfDescriptors Whether accepting pauses for that now.
     */
    public record Door(
            long accepted,
            Map<String, Long> refusedByLimit,
            Map<String, Long> displacedByLimit,
            long stuck,
            long descriptorShortages,
            boolean isShortOfDescriptors) {
        private Door(Members members) {
            this(
                    Members.or(members.integer("accepted"), 0L),
                    members.integers("refusedByLimit"),
                    members.integers("displacedByLimit"),
                    Members.or(members.integer("stuck"), 0L),
                    Members.or(members.integer("descriptorShortages"), 0L),
                    Members.or(members.truth("isShortOfDescriptors"), false));
        }
    }

    /**
     * The last failure since the last good call.
     *
     * @param code Tencent's code, or one of the daemon's.
     * @param message For a person.
     * @param errorInfo Upstream's own words. Null if it is not there.
     */
    public record UpstreamLastError(
            long code,
            String message,
            String errorInfo) {
        private UpstreamLastError(Members members) {
            this(
                    Members.or(members.integer("code"), 0L),
                    Members.or(members.text("message"), ""),
                    members.text("ErrorInfo"));
        }
    }

    /**
     * The server that is asked.
     *
     * @param host Its URL.
     * @param healthy Whether the last call went well.
     * @param open Whether calls may leave.
     * @param failuresInARow Failed calls since the last good one.
     * @param lastError The last failure since the last good call. Null if it is not there.
     */
    public record Upstream(
            String host,
            boolean healthy,
            boolean open,
            long failuresInARow,
            UpstreamLastError lastError) {
        private Upstream(Members members) {
            this(
                    Members.or(members.text("host"), ""),
                    Members.or(members.truth("healthy"), false),
                    Members.or(members.truth("open"), false),
                    Members.or(members.integer("failuresInARow"), 0L),
                    members.object("lastError", UpstreamLastError::new));
        }
    }

    /**
     * What keeps calls below the limit.
     *
     * @param rateLimit Calls in any second, as configured.
     * @param currentLimit What holds at present.
     * @param why Why that is less. Null if it is not there.
     * @param slotsHeld Calls that the server may still count.
     * @param creditMs The part of the round trip that is counted on, in milliseconds.
     * @param callsUnderWay Calls that have not been answered.
     * @param maxInFlight How many of them there may be.
     */
    public record Limiter(
            long rateLimit,
            long currentLimit,
            String why,
            long slotsHeld,
            double creditMs,
            long callsUnderWay,
            long maxInFlight) {
        private Limiter(Members members) {
            this(
                    Members.or(members.integer("rateLimit"), 0L),
                    Members.or(members.integer("currentLimit"), 0L),
                    members.text("why"),
                    Members.or(members.integer("slotsHeld"), 0L),
                    Members.or(members.number("creditMs"), 0.0),
                    Members.or(members.integer("callsUnderWay"), 0L),
                    Members.or(members.integer("maxInFlight"), 0L));
        }
    }

    /**
     * Who waits.
     *
     * @param requests Requests that have not been answered.
     * @param waitingAccounts Accounts that no call has left for yet, over all requests.
     * @param oldestWaitingMs How long the oldest of these requests has waited; absent if none does. Null if it is not there.
     * @param waitingUsers Users whose accounts wait; all callers of a socket rpc-NAME are one.
     * @param waitingAccountsByUid Waiting accounts by user: the caller's own; for administrators those of the 100 users with the most.
     */
    public record Queue(
            long requests,
            long waitingAccounts,
            Long oldestWaitingMs,
            long waitingUsers,
            Map<String, Long> waitingAccountsByUid) {
        private Queue(Members members) {
            this(
                    Members.or(members.integer("requests"), 0L),
                    Members.or(members.integer("waitingAccounts"), 0L),
                    members.integer("oldestWaitingMs"),
                    Members.or(members.integer("waitingUsers"), 0L),
                    members.integers("waitingAccountsByUid"));
        }
    }

    /**
     * Answers held for maxAgeMs.
     *
     * @param answers How many.
     * @param bytes Their size.
     */
    public record Held(
            long answers,
            long bytes) {
        private Held(Members members) {
            this(
                    Members.or(members.integer("answers"), 0L),
                    Members.or(members.integer("bytes"), 0L));
        }
    }

    /**
     * What has happened since the start.
     *
     * @param calls Upstream calls.
     * @param accounts Accounts in them.
     * @param callsNeverSent Calls for which no connection was made.
     * @param retries Failed calls that were repeated.
     * @param signatureRenewals Calls that were repeated with a new UserSig.
     * @param slowDowns Times that the limit was halved.
     * @param isolations Calls that were divided to find the account at fault.
     * @param isolationCalls Calls made for that.
     * @param fromMemory Requests that were answered from held answers alone.
     * @param answered Requests that were answered.
     * @param failed Requests that failed with their calls.
     * @param expired Requests whose time ran out.
     * @param overloaded Requests that were refused because too many accounts waited.
     * @param withdrawn Requests that their callers took back.
     * @param stopped Requests that ended because the daemon stops.
     * @param unrequestedAccounts Accounts in answers that no caller had asked for.
     * @param accountsPerCall The average.
     * @param failedCallsByCode Failed calls by code.
     */
    public record Counters(
            long calls,
            long accounts,
            long callsNeverSent,
            long retries,
            long signatureRenewals,
            long slowDowns,
            long isolations,
            long isolationCalls,
            long fromMemory,
            long answered,
            long failed,
            long expired,
            long overloaded,
            long withdrawn,
            long stopped,
            long unrequestedAccounts,
            double accountsPerCall,
            Map<String, Long> failedCallsByCode) {
        private Counters(Members members) {
            this(
                    Members.or(members.integer("calls"), 0L),
                    Members.or(members.integer("accounts"), 0L),
                    Members.or(members.integer("callsNeverSent"), 0L),
                    Members.or(members.integer("retries"), 0L),
                    Members.or(members.integer("signatureRenewals"), 0L),
                    Members.or(members.integer("slowDowns"), 0L),
                    Members.or(members.integer("isolations"), 0L),
                    Members.or(members.integer("isolationCalls"), 0L),
                    Members.or(members.integer("fromMemory"), 0L),
                    Members.or(members.integer("answered"), 0L),
                    Members.or(members.integer("failed"), 0L),
                    Members.or(members.integer("expired"), 0L),
                    Members.or(members.integer("overloaded"), 0L),
                    Members.or(members.integer("withdrawn"), 0L),
                    Members.or(members.integer("stopped"), 0L),
                    Members.or(members.integer("unrequestedAccounts"), 0L),
                    Members.or(members.number("accountsPerCall"), 0.0),
                    members.integers("failedCallsByCode"));
        }
    }

    /**
     * The UserSig in use.
     *
     * @param expiresAt Seconds since 1970; null before the first call.
     * @param keySource Where the key is: credential or secretKeyFile (the daemon has it), or signer. Null if it is not there.
     */
    public record UserSig(
            Long expiresAt,
            String keySource) {
        private UserSig(Members members) {
            this(
                    members.integer("expiresAt"),
                    members.text("keySource"));
        }
    }

    /**
     * The last reload.
     *
     * @param at Seconds since 1970.
     * @param succeeded Whether the new configuration is in force.
     * @param problems What was wrong with it.
     * @param keysForRestart Keys whose change waits for a restart.
     */
    public record LastReload(
            long at,
            boolean succeeded,
            List<String> problems,
            List<String> keysForRestart) {
        private LastReload(Members members) {
            this(
                    Members.or(members.integer("at"), 0L),
                    Members.or(members.truth("succeeded"), false),
                    members.texts("problems"),
                    members.texts("keysForRestart"));
        }
    }

    /**
     * A rule. What is absent is not limited by it.
     *
     * @param name Its name.
     * @param methods The methods that are served. Null if it is not there.
     * @param accountPatterns How many accounts and prefixes of accounts it allows. Null if it is not there.
     * @param attributes The attributes that are passed on. Null if it is not there.
     * @param share Its weight among the rules whose accounts wait.
     * @param accountsPerSecond Accounts of its callers that enter calls in a second. Null if it is not there.
     * @param maxQueuedAccounts Accounts that wait, over all requests of its callers. Null if it is not there.
     * @param maxAccountsPerRequest Accounts in a request. Null if it is not there.
     * @param minMaxAgeMs A smaller maxAgeMs is raised to this. Null if it is not there.
     * @param audit What a log line is written for. Null if it is not there.
     * @param connections Open connections of its callers; only in getCallers. Null if it is not there.
     * @param requests Requests of its callers so far.
     * @param accounts Accounts in their getAttrs requests so far.
     * @param refused Requests that it has refused so far.
     * @param waitingAccounts Accounts of the open requests of its callers. Null if it is not there.
     * @param accountsInLastSecond Accounts of its callers that entered calls in the last second, about. Null if it is not there.
     * @param isDelayed Whether its accounts wait because of accountsPerSecond. Null if it is not there.
     */
    public record CallerRule(
            String name,
            List<String> methods,
            Long accountPatterns,
            List<String> attributes,
            long share,
            Long accountsPerSecond,
            Long maxQueuedAccounts,
            Long maxAccountsPerRequest,
            Long minMaxAgeMs,
            String audit,
            Long connections,
            long requests,
            long accounts,
            long refused,
            Long waitingAccounts,
            Long accountsInLastSecond,
            Boolean isDelayed) {
        private CallerRule(Members members) {
            this(
                    Members.or(members.text("name"), ""),
                    members.texts("methods"),
                    members.integer("accountPatterns"),
                    members.texts("attributes"),
                    Members.or(members.integer("share"), 0L),
                    members.integer("accountsPerSecond"),
                    members.integer("maxQueuedAccounts"),
                    members.integer("maxAccountsPerRequest"),
                    members.integer("minMaxAgeMs"),
                    members.text("audit"),
                    members.integer("connections"),
                    Members.or(members.integer("requests"), 0L),
                    Members.or(members.integer("accounts"), 0L),
                    Members.or(members.integer("refused"), 0L),
                    members.integer("waitingAccounts"),
                    members.integer("accountsInLastSecond"),
                    members.truth("isDelayed"));
        }
    }

    /**
     * Where the operator has rules: who asks, and by which rule.
     *
     * @param uid The user.
     * @param socket The socket that it came by: rpc, or rpc-NAME.
     * @param access What it may do: all, what its rule allows, or none. One of all, rule, none.
     * @param because Why the rule is for it: what the rule names, such as group:backend. Null if it is not there.
     * @param rule A rule. What is absent is not limited by it. Null if it is not there.
     */
    public record Caller(
            long uid,
            String socket,
            String access,
            String because,
            CallerRule rule) {
        private Caller(Members members) {
            this(
                    Members.or(members.integer("uid"), 0L),
                    Members.or(members.text("socket"), ""),
                    Members.or(members.text("access"), ""),
                    members.text("because"),
                    members.object("rule", CallerRule::new));
        }
    }
}
