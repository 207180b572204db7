package imattr;

import java.nio.file.Path;

/**
 * The daemon went away, and did not come back before the deadline. The cause, if there is one, is what was met last.
 */
public final class ConnectionLostException extends IMAttrException {
    private static final long serialVersionUID = 1;

    ConnectionLostException(Path path, Throwable cause) {
        super("imattrd at " + path + " went away and did not come back in time", cause);
    }

    @Override
    public boolean isRetryable() {
        return true;
    }
}
