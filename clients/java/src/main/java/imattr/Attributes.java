package imattr;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The answer to {@link IMAttrClient#getAttrs}; its lists cannot be changed.
 *
 * @param userAttrs the accounts that Tencent answered, each once, in the order of their first mention
 * @param missing the others, in that order
 * @param errorList what Tencent said of single accounts; empty if it said nothing
 */
public record Attributes(List<User> userAttrs, List<String> missing, List<AccountError> errorList)
        implements Serializable {
    /** Makes copies of the lists. */
    public Attributes {
        userAttrs = List.copyOf(userAttrs);
        missing = List.copyOf(missing);
        errorList = List.copyOf(errorList);
    }

    /** Reads a result of the daemon's; null if it is of another shape. */
    static Attributes read(Object result) {
        if (!(result instanceof JsonObject object
                && object.get("UserAttrs") instanceof JsonArray entries
                && object.get("missing") instanceof JsonArray missing)) {
            return null;
        }
        List<User> users = users(entries);
        List<AccountError> errors = errors(object);
        return users == null || errors == null || !allTexts(missing) ? null : new Attributes(users, texts(missing), errors);
    }

    private static List<User> users(JsonArray entries) {
        List<User> users = new ArrayList<>(entries.size());
        for (Object entry : entries) {
            if (!(entry instanceof JsonObject object
                    && object.get("To_Account") instanceof String account
                    && object.get("Attrs") instanceof JsonObject attrs)) {
                return null;
            }
            users.add(new User(account, attrs, null));
        }
        return users;
    }

    private static List<AccountError> errors(JsonObject result) {
        if (!result.containsKey("ErrorList")) {
            return List.of();
        }
        if (!(result.get("ErrorList") instanceof JsonArray entries)) {
            return null;
        }
        List<AccountError> errors = AccountError.readAll(entries);
        return errors.size() == entries.size() ? errors : null;
    }

    private static boolean allTexts(JsonArray values) {
        return values.stream().allMatch(String.class::isInstance);
    }

    private static List<String> texts(JsonArray values) {
        return values.stream().map(String.class::cast).toList();
    }

    /** Puts answers together, one after the other. */
    static Attributes joined(Attributes[] answers) {
        List<User> users = new ArrayList<>();
        List<String> missing = new ArrayList<>();
        List<AccountError> errors = new ArrayList<>();
        for (Attributes answer : answers) {
            users.addAll(answer.userAttrs);
            missing.addAll(answer.missing);
            errors.addAll(answer.errorList);
        }
        return new Attributes(users, missing, errors);
    }

    /** All accounts: those with attributes, then the missing ones with what was said of them. */
    List<User> all() {
        if (missing.isEmpty()) {
            return userAttrs;
        }
        Map<String, AccountError> errors = new HashMap<>();
        errorList.forEach(error -> errors.put(error.account(), error));
        List<User> all = new ArrayList<>(userAttrs);
        missing.forEach(account -> all.add(new User(account, null, errors.get(account))));
        return all;
    }
}
