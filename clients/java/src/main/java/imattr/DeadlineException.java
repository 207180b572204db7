package imattr;

import java.time.Duration;
import java.util.Optional;

/** No answer came in time: the daemon said so, with its code -32001, or said nothing. */
public final class DeadlineException extends IMAttrException {
    private static final long serialVersionUID = 1;

    DeadlineException(Duration timeout) {
        super("no answer within " + timeout.toMillis() + " ms; repeat it, or give it more time", null);
    }

    DeadlineException(RefusedException answer) {
        super("no answer in time: " + answer.getMessage(), answer);
    }

    /** What the daemon answered, which is the cause, too; empty if it said nothing. */
    public Optional<RefusedException> answer() {
        return Optional.ofNullable((RefusedException) getCause());
    }

    @Override
    public boolean isRetryable() {
        return answer().map(IMAttrException::isRetryable).orElse(true);
    }
}
