package imattr;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;

/**
 * What Tencent said of one account.
 *
 * @param errorCode Tencent's code; null if there was none
 * @param errorInfo Tencent's text; null if there was none
 */
public record AccountError(String account, Long errorCode, String errorInfo) implements Serializable {
    /** Reads an entry of ErrorList; null if it is of another shape. */
    static AccountError read(Object entry) {
        if (!(entry instanceof JsonObject object && object.get("To_Account") instanceof String account)) {
            return null;
        }
        Long code = object.get("ErrorCode") instanceof Long number ? number : null;
        String info = object.get("ErrorInfo") instanceof String text ? text : null;
        return new AccountError(account, code, info);
    }

    /** Those entries that can be read. */
    static List<AccountError> readAll(JsonArray entries) {
        List<AccountError> errors = new ArrayList<>(entries.size());
        for (Object entry : entries) {
            AccountError error = read(entry);
            if (error != null) {
                errors.add(error);
            }
        }
        return List.copyOf(errors);
    }

    /** Account, code and text, for a person. */
    @Override
    public String toString() {
        return account + ": " + errorInfo + " (" + errorCode + ")";
    }
}
