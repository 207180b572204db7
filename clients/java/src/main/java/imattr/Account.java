package imattr;

/** What can be asked for. */
final class Account {
    private static final int MOST_BYTES = 255;

    private Account() {}

    /** Checks that an account is a text of 1 to 255 bytes in UTF-8; the error names the index if it is not. */
    static void check(String account, long index) {
        if (account == null) {
            throw wrong(index, "is null");
        }
        int bytes = 0;
        for (int at = 0; at < account.length() && bytes <= MOST_BYTES; at++) {
            char unit = account.charAt(at);
            if (!Character.isSurrogate(unit)) {
                bytes += unit < 0x80 ? 1 : unit < 0x800 ? 2 : 3;
            } else if (Character.codePointAt(account, at) != unit) {
                bytes += 4;
                at++;
            } else {
                throw wrong(index, "has half of a surrogate pair, at " + at);
            }
        }
        if (bytes < 1 || bytes > MOST_BYTES) {
            String beginning = account.substring(0, Math.min(40, account.length()));
            throw wrong(index, bytes < 1 ? "is empty" : "begins " + Json.write(beginning) + " and has too many bytes");
        }
    }

    private static ArgumentException wrong(long index, String problem) {
        return new ArgumentException("accounts[" + index + "] " + problem + "; an account has 1 to 255 bytes of UTF-8");
    }
}
