package imattr;

import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * Asks imattrd for the attributes of Tencent Chat accounts. Use one client for the whole program, from any number of
 * threads: they share a connection, which is made at the first call. When the daemon was restarted it connects again,
 * and repeats what was not answered.
 *
 * <p>Each call fails with some {@link IMAttrException}. Interrupting its thread cancels it: it throws
 * {@link CancelledException}, the thread stays interrupted, and the others keep their connection.
 */
public final class IMAttrClient implements AutoCloseable {
    private static final String DEFAULT_PATH = "/run/imattrd/imattrd.sock";

    private final Hub hub;

    /** A client for the socket that IMATTRD_SOCKET names, else for {@code /run/imattrd/imattrd.sock}. */
    public IMAttrClient() {
        this(defaultPath());
    }

    /** A client for the socket at that path. */
    public IMAttrClient(Path socket) {
        hub = new Hub(socket);
    }

    private static Path defaultPath() {
        String path = System.getenv("IMATTRD_SOCKET");
        try {
            return Path.of(path == null || path.isEmpty() ? DEFAULT_PATH : path);
        } catch (InvalidPathException invalid) {
            throw new ArgumentException("IMATTRD_SOCKET: " + invalid.getMessage());
        }
    }

    /** The attributes of these accounts, each a text of 1 to 255 bytes of UTF-8. */
    public Attributes getAttrs(String... accounts) {
        return getAttrs(List.of(accounts));
    }

    /** The attributes of any number of accounts. */
    public Attributes getAttrs(Collection<String> accounts) {
        return getAttrs(accounts, CallOptions.DEFAULT);
    }

    /**
     * The attributes of any number of accounts, each a text of 1 to 255 bytes of UTF-8. Large numbers are asked for in
     * several requests at once; the first error ends the call.
     */
    public Attributes getAttrs(Collection<String> accounts, CallOptions options) {
        long deadline = deadline(options);
        List<List<String>> batches = batches(distinct(accounts));
        Attributes[] answers = new Attributes[batches.size()];
        try (Window window = new Window(hub, options.timeout())) {
            int sent = 0;
            for (int received = 0; received < answers.length; received++) {
                while (sent < answers.length && window.size() < CallOptions.DEFAULT.inFlight()) {
                    window.add(sent, Message.getAttrs(batches.get(sent), options.maxAge()), deadline);
                    sent++;
                }
                Part part = window.next();
                answers[part.number] = attributes(window, part);
            }
        }
        return answers.length == 1 ? answers[0] : Attributes.joined(answers);
    }

    private static Set<String> distinct(Collection<String> accounts) {
        Set<String> distinct = new LinkedHashSet<>();
        int index = 0;
        for (String account : accounts) {
            Account.check(account, index++);
            distinct.add(account);
        }
        return distinct;
    }

    private static List<List<String>> batches(Set<String> accounts) {
        List<String> all = new ArrayList<>(accounts);
        List<List<String>> batches = new ArrayList<>();
        for (int begin = 0; begin < all.size(); begin += CallOptions.DEFAULT.batch()) {
            batches.add(all.subList(begin, Math.min(all.size(), begin + CallOptions.DEFAULT.batch())));
        }
        return batches;
    }

    /** What a part of a call of getAttrs was answered. */
    static Attributes attributes(Window window, Part part) {
        Attributes attributes = Attributes.read(part.answer.result());
        if (attributes == null) {
            throw window.giveUp(part, "an answer to getAttrs of another shape");
        }
        return attributes;
    }

    /** Asks for as many accounts as there are, in bounded memory; see {@link UserStream}, which is to be closed. */
    public UserStream stream(Iterable<String> accounts) {
        return stream(accounts, CallOptions.DEFAULT);
    }

    /**
     * Asks for as many accounts as there are, in bounded memory; see {@link UserStream}, which is to be closed. An
     * iterator, or the lines of a reader, are given as {@code () -> iterator} and {@code reader.lines()::iterator}.
     */
    public UserStream stream(Iterable<String> accounts, CallOptions options) {
        return new UserStream(hub, accounts, options);
    }

    /** Asks whether the daemon is there and answers. */
    public void ping() {
        ping(CallOptions.DEFAULT);
    }

    /** Asks whether the daemon is there and answers. */
    public void ping(CallOptions options) {
        one("ping", null, options, "pong"::equals);
    }

    /** The daemon's state, limits and counters. */
    public JsonObject getStatus() {
        return getStatus(CallOptions.DEFAULT);
    }

    /** The daemon's state, limits and counters. */
    public JsonObject getStatus(CallOptions options) {
        return (JsonObject) one("getStatus", null, options, JsonObject.class::isInstance);
    }

    /** Calls any method of the daemon: its result, as {@link Json} says. */
    public Object call(String method, Object params) {
        return call(method, params, CallOptions.DEFAULT);
    }

    /**
     * Calls any method of the daemon.
     *
     * @param params a map or a list, of what {@link Json#write} takes; null for none
     * @return its result, as {@link Json} says
     */
    public Object call(String method, Object params, CallOptions options) {
        return one(method, params, options, result -> true);
    }

    private Object one(String method, Object params, CallOptions options, Shape shape) {
        long deadline = deadline(options);
        Message message = Message.call(method, params);
        try (Window window = new Window(hub, options.timeout())) {
            window.add(0, message, deadline);
            Part part = window.next();
            Object result = part.answer.result();
            if (!shape.fits(result)) {
                throw window.giveUp(part, "an answer to " + method + " of another shape");
            }
            return result;
        }
    }

    private interface Shape {
        boolean fits(Object result);
    }

    private static long deadline(CallOptions options) {
        return System.nanoTime() + options.timeout().toNanos();
    }

    /** Ends the client: what waits, and later calls, fail with {@link CancelledException}. */
    @Override
    public void close() {
        hub.close();
    }
}
