package imattr;

import java.time.Duration;

/** No answer came in time. */
public final class DeadlineException extends IMAttrException {
    private static final long serialVersionUID = 1;

    DeadlineException(Duration timeout) {
        super("no answer within " + timeout.toMillis() + " ms; repeat it, or give it more time", null);
    }

    @Override
    public boolean isRetryable() {
        return true;
    }
}
