package imattr;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/** The daemon answered an error. What it said of it beside code and reason is empty where it said nothing. */
public final class RefusedException extends IMAttrException {
    private static final long serialVersionUID = 1;

    private final long code;
    private final String reason;
    private final JsonObject data;

    RefusedException(long code, String reason, JsonObject data) {
        super(reason + " (" + code + ")", null);
        this.code = code;
        this.reason = reason;
        this.data = data;
    }

    /** Tencent's own ErrorCode if Tencent refused; JSON-RPC's and the daemon's own codes are below zero. */
    public long code() {
        return code;
    }

    /** The daemon's words, for a person. */
    public String reason() {
        return reason;
    }

    @Override
    public boolean isRetryable() {
        return Boolean.TRUE.equals(data.get("retryable"));
    }

    /** Before that, asking again is of no use. */
    public Optional<Duration> retryAfter() {
        OptionalLong time = number("retryAfterMs");
        return time.isPresent() ? Optional.of(Duration.ofMillis(time.getAsLong())) : Optional.empty();
    }

    /** Who found the error: {@code daemon} or {@code upstream}. */
    public Optional<String> source() {
        return text("source");
    }

    /** Tencent's text. */
    public Optional<String> errorInfo() {
        return text("ErrorInfo");
    }

    /** Calls to Tencent that were made for it. */
    public OptionalLong attempts() {
        return number("attempts");
    }

    /** The parameter at fault, such as {@code To_Account[3]}. */
    public Optional<String> path() {
        return text("path");
    }

    /** The value of the limit that was met. */
    public OptionalLong limit() {
        return number("limit");
    }

    /** The configuration key of the limit that was met. */
    public Optional<String> limitName() {
        return text("limitName");
    }

    /** Accounts of the request that were fetched all the same; with {@code maxAge}, asking again does not cost them. */
    public OptionalLong fetched() {
        return number("fetched");
    }

    /** Accounts of the request that failed, as far as they were said. */
    public List<AccountError> failed() {
        return data.get("failed") instanceof JsonArray list ? AccountError.readAll(list) : List.of();
    }

    /** The call to Tencent, as in the daemon's log. */
    public Optional<String> callId() {
        return text("callId");
    }

    /** Seconds by which the daemon's clock is ahead of Tencent's. */
    public OptionalLong clockSkewSeconds() {
        return number("clockSkewSeconds");
    }

    /** All that the daemon said beside code and reason. */
    public JsonObject data() {
        return data;
    }

    private Optional<String> text(String name) {
        return data.get(name) instanceof String text ? Optional.of(text) : Optional.empty();
    }

    private OptionalLong number(String name) {
        return data.get(name) instanceof Long number ? OptionalLong.of(number) : OptionalLong.empty();
    }
}
