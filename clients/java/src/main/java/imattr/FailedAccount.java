package imattr;

import java.io.Serializable;
import java.time.Duration;

/**
 * An account that failed, and why: what the error of a call for it alone would say. See {@link CallOptions#withPartial}.
 *
 * @param code Tencent's own ErrorCode if Tencent refused; the daemon's own codes are below zero
 * @param message for a person
 * @param isRetryable whether the account may be answered later without any change
 * @param errorInfo Tencent's text; null if there was none
 * @param retryAfter before that, asking again is of no use; null if the daemon did not say
 * @param callId the call to Tencent, as in the daemon's log; null if there was none
 */
public record FailedAccount(
        String account, long code, String message, boolean isRetryable, String errorInfo, Duration retryAfter, String callId)
        implements Serializable {
    private static final long OVERLOADED = -32000;
    private static final long UPSTREAM_UNREACHABLE = -32002;
    private static final long LEAST_OF_JSON_RPC = -32768;

    /** Reads an entry of failed; null if it is of another shape. */
    static FailedAccount read(Object entry) {
        if (!(entry instanceof JsonObject object && object.get("To_Account") instanceof String account
                && object.get("code") instanceof Long code && object.get("message") instanceof String message
                && object.get("retryable") instanceof Boolean isRetryable)) {
            return null;
        }
        String info = object.get("ErrorInfo") instanceof String text ? text : null;
        Duration retryAfter = object.get("retryAfterMs") instanceof Long time ? Duration.ofMillis(time) : null;
        String callId = object.get("callId") instanceof String text ? text : null;
        return new FailedAccount(account, code, message, isRetryable, info, retryAfter, callId);
    }

    /** Whether an error counts as that of each account of its request. */
    static boolean isAboutAccounts(IMAttrException error) {
        if (error instanceof RefusedException refused) {
            long code = refused.code();
            return code == OVERLOADED || code == UPSTREAM_UNREACHABLE || code < LEAST_OF_JSON_RPC || code > OVERLOADED;
        }
        return error instanceof DeadlineException;
    }

    /** What an error that is about accounts says of one. */
    static FailedAccount of(String account, IMAttrException error) {
        RefusedException answer = error instanceof DeadlineException late ? late.answer().orElse(null) : (RefusedException) error;
        if (answer == null) {
            return new FailedAccount(account, Answer.DEADLINE_EXCEEDED, "no answer came in time", true, null, null, null);
        }
        return new FailedAccount(account, answer.code(), answer.reason(), answer.isRetryable(),
                answer.errorInfo().orElse(null), answer.retryAfter().orElse(null), answer.callId().orElse(null));
    }

    /** Account, message and code, for a person. */
    @Override
    public String toString() {
        return account + " failed: " + message + " (" + code + ")";
    }
}
