package imattr;

import java.io.IOException;
import java.net.BindException;
import java.net.ConnectException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/** Why connecting failed. Java reports the system's error by class or in words only. */
final class ConnectFailure extends Exception {
    private static final long serialVersionUID = 1;

    private static final Map<String, String> NAMES = Map.of(
            "No such file or directory", "ENOENT",
            "Not a directory", "ENOTDIR",
            "Protocol wrong type for socket", "EPROTOTYPE",
            "Socket operation on non-socket", "ENOTSOCK",
            "Unix domain path too long", "ENAMETOOLONG",
            "File name too long", "ENAMETOOLONG",
            "Too many levels of symbolic links", "ELOOP",
            "Too many open files", "EMFILE");

    private static final String QUEUE_IS_FULL = "EAGAIN";

    /** The name of the system's error. */
    final String errno;

    ConnectFailure(Path path, IOException cause) {
        super(cause);
        this.errno = name(path, cause);
    }

    /** The daemon's queue of connections is full. */
    ConnectFailure() {
        super(new IOException("its queue of connections is full"));
        this.errno = QUEUE_IS_FULL;
    }

    private static String name(Path path, IOException cause) {
        if (cause instanceof ConnectException) {
            return "ECONNREFUSED";
        } else if (cause instanceof BindException) {
            return "EACCES"; // Java has one class for all that the system forbids
        }
        // The words are the system's, in the user's language. Of what is left in others, only EAGAIN is to be expected.
        String name = NAMES.get(String.valueOf(cause.getMessage()));
        return name != null ? name : Files.notExists(path) ? "ENOENT" : QUEUE_IS_FULL;
    }

    /** Whether a daemon will be there soon, if one was there before. */
    boolean isPassing(boolean hadConnection) {
        return errno.equals(QUEUE_IS_FULL) || hadConnection && (errno.equals("ENOENT") || errno.equals("ECONNREFUSED"));
    }

    UnreachableException exception(Path path) {
        return new UnreachableException(path, errno, (IOException) getCause());
    }
}
