package imattr;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;

/**
 * The answer to {@link IMAttrClient#getAttrs}; its lists cannot be changed.
 *
 * @param userAttrs the accounts that Tencent answered, each once, in the order of their first mention
 * @param missing the others, in that order
 * @param errorList what Tencent said of single accounts; empty if it said nothing
 * @param failed the accounts that failed, in that order; empty unless {@link CallOptions#withPartial} was given
 */
public record Attributes(
        List<User> userAttrs, List<String> missing, List<AccountError> errorList, List<FailedAccount> failed)
        implements Serializable {
    /** Makes copies of the lists. */
    public Attributes {
        userAttrs = List.copyOf(userAttrs);
        missing = List.copyOf(missing);
        errorList = List.copyOf(errorList);
        failed = List.copyOf(failed);
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
        List<FailedAccount> failed = failed(object);
        if (users == null || errors == null || failed == null || !allTexts(missing)) {
            return null;
        }
        return new Attributes(users, texts(missing), errors, failed);
    }

    /** The answer to a request of which each account failed by the same error. */
    static Attributes failed(Collection<String> accounts, IMAttrException error) {
        List<FailedAccount> failed = new ArrayList<>();
        new LinkedHashSet<>(accounts).forEach(account -> failed.add(FailedAccount.of(account, error)));
        return new Attributes(List.of(), List.of(), List.of(), failed);
    }

    private static List<FailedAccount> failed(JsonObject result) {
        if (!result.containsKey("failed")) {
            return List.of();
        }
        if (!(result.get("failed") instanceof JsonArray entries)) {
            return null;
        }
        List<FailedAccount> failed = new ArrayList<>(entries.size());
        entries.forEach(entry -> failed.add(FailedAccount.read(entry)));
        return failed.contains(null) ? null : failed;
    }

    /** Whether any account was answered, be it as missing. */
    boolean isAnswer() {
        return !userAttrs.isEmpty() || !missing.isEmpty();
    }

    private static List<User> users(JsonArray entries) {
        List<User> users = new ArrayList<>(entries.size());
        for (Object entry : entries) {
            if (!(entry instanceof JsonObject object
                    && object.get("To_Account") instanceof String account
                    && object.get("Attrs") instanceof JsonObject attrs)) {
                return null;
            }
            users.add(new User(account, attrs, null, null));
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
        List<FailedAccount> failed = new ArrayList<>();
        for (Attributes answer : answers) {
            users.addAll(answer.userAttrs);
            missing.addAll(answer.missing);
            errors.addAll(answer.errorList);
            failed.addAll(answer.failed);
        }
        return new Attributes(users, missing, errors, failed);
    }

    /** All accounts: those with attributes, then the missing ones with what was said of them, then those that failed. */
    List<User> all() {
        if (missing.isEmpty() && failed.isEmpty()) {
            return userAttrs;
        }
        Map<String, AccountError> errors = new HashMap<>();
        errorList.forEach(error -> errors.put(error.account(), error));
        List<User> all = new ArrayList<>(userAttrs);
        missing.forEach(account -> all.add(new User(account, null, errors.get(account), null)));
        failed.forEach(failure -> all.add(new User(failure.account(), null, null, failure)));
        return all;
    }
}
