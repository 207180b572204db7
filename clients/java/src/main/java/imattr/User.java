package imattr;

import java.io.Serializable;

/**
 * An account, and what is known of it.
 *
 * @param attrs its attributes; null if it is missing, which means that Tencent did not answer it, or if it failed
 * @param error what Tencent said of an account that is missing; null if it said nothing
 * @param failure why it failed; null if it did not. See {@link CallOptions#withPartial}
 */
public record User(String account, JsonObject attrs, AccountError error, FailedAccount failure) implements Serializable {
    /** Whether Tencent did not answer this account. */
    public boolean isMissing() {
        return attrs == null && failure == null;
    }

    /** Whether asking for this account failed. */
    public boolean isFailed() {
        return failure != null;
    }

    /** The account, then its attributes as JSON. */
    @Override
    public String toString() {
        if (isFailed()) {
            return failure.toString();
        } else if (!isMissing()) {
            return account + " " + attrs;
        }
        return error == null ? account + " is missing" : account + " is missing: " + error.errorInfo();
    }
}
