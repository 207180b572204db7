package imattr;

import java.io.IOException;
import java.nio.file.Path;

/** No connection could be made. */
public final class UnreachableException extends IMAttrException {
    private static final long serialVersionUID = 1;

    private final String path;
    private final String errno;

    UnreachableException(Path path, String errno, IOException cause) {
        super("cannot connect to " + path + ": " + cause.getMessage() + " (" + hint(errno) + ")", cause);
        this.path = path.toString();
        this.errno = errno;
    }

    private static String hint(String errno) {
        return errno.equals("EACCES")
                ? "this user is not in the group imattr: usermod -aG imattr USER, then log in again"
                : "is imattrd running? see: systemctl status imattrd.socket";
    }

    /** The socket's path. */
    public String path() {
        return path;
    }

    /** The name of the system's error, such as {@code ENOENT}. */
    public String errno() {
        return errno;
    }
}
