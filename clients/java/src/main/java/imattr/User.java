package imattr;

import java.io.Serializable;

/**
 * An account, and what is known of it.
 *
 * @param attrs its attributes; null if it is missing: Tencent did not answer it
 * @param error what Tencent said of an account that is missing; null if it said nothing
 */
public record User(String account, JsonObject attrs, AccountError error) implements Serializable {
    /** Whether Tencent did not answer this account. */
    public boolean isMissing() {
        return attrs == null;
    }

    /** The account, then its attributes as JSON. */
    @Override
    public String toString() {
        if (!isMissing()) {
            return account + " " + attrs;
        }
        return error == null ? account + " is missing" : account + " is missing: " + error.errorInfo();
    }
}
