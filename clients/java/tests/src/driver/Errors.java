package driver;

import imattr.AccountError;
import imattr.ArgumentException;
import imattr.CancelledException;
import imattr.ConnectionLostException;
import imattr.DeadlineException;
import imattr.FailedAccount;
import imattr.IMAttrException;
import imattr.ProtocolException;
import imattr.RefusedException;
import imattr.UnreachableException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;

/** Errors as the contract names them. */
final class Errors {
    private Errors() {}

    static Map<String, Object> described(IMAttrException error) {
        if (error instanceof RefusedException refused) {
            return described(refused);
        } else if (error instanceof DeadlineException late && late.answer().isPresent()) {
            Map<String, Object> described = described(late.answer().get());
            described.put("kind", "deadline");
            return described;
        } else if (error instanceof UnreachableException unreachable) {
            return Driver.members("kind", "unreachable", "path", unreachable.path(), "errno", unreachable.errno(),
                    "message", error.getMessage());
        }
        return Driver.members("kind", kind(error), "message", error.getMessage());
    }

    private static String kind(IMAttrException error) {
        return error instanceof ArgumentException ? "argument"
                : error instanceof ConnectionLostException ? "lost"
                : error instanceof DeadlineException ? "deadline"
                : error instanceof ProtocolException ? "protocol"
                : error instanceof CancelledException ? "cancelled" : "unknown";
    }

    private static Map<String, Object> described(RefusedException error) {
        return Driver.members(
                "kind", "refused", "code", error.code(), "message", error.reason(),
                "source", error.source().orElse(null),
                "retryable", error.data().containsKey("retryable") ? error.isRetryable() : null,
                "retryAfterMs", error.retryAfter().map(Duration::toMillis).orElse(null),
                "ErrorInfo", error.errorInfo().orElse(null),
                "attempts", number(error.attempts()),
                "path", error.path().orElse(null),
                "limit", number(error.limit()),
                "limitName", error.limitName().orElse(null),
                "fetched", number(error.fetched()),
                "failed", error.data().containsKey("failed") ? described(error.failed()) : null,
                "callId", error.callId().orElse(null),
                "clockSkewSeconds", number(error.clockSkewSeconds()));
    }

    static Map<String, Object> described(FailedAccount failed) {
        return Driver.members("To_Account", failed.account(), "code", failed.code(), "message", failed.message(),
                "retryable", failed.isRetryable(), "ErrorInfo", failed.errorInfo(),
                "retryAfterMs", failed.retryAfter() == null ? null : failed.retryAfter().toMillis(),
                "callId", failed.callId());
    }

    private static Long number(OptionalLong number) {
        return number.isPresent() ? (Long) number.getAsLong() : null;
    }

    static List<Object> described(List<AccountError> errors) {
        List<Object> list = new ArrayList<>();
        errors.forEach(error -> list.add(Driver.members(
                "To_Account", error.account(), "ErrorCode", error.errorCode(), "ErrorInfo", error.errorInfo())));
        return list;
    }
}
