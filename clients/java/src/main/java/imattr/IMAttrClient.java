package imattr;

import java.nio.charset.StandardCharsets;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
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
    /** The version of this client. */
    public static final String VERSION = "0.1.0";

    private static final String DEFAULT_PATH = "/run/imattrd/imattrd.sock";

    private static final int LONGEST_PATH = 107; // a Path can be shorter than the text that it is made of

    private final Hub hub;

    /** A client for the socket that IMATTRD_SOCKET names, else for {@code /run/imattrd/imattrd.sock}. */
    public IMAttrClient() {
        this(defaultPath());
    }

    /** A client for the socket at that path. */
    public IMAttrClient(Path socket) {
        Arguments.check(socket, "socket");
        if (socket.toString().isEmpty()) {
            throw new ArgumentException("socket is empty");
        }
        hub = new Hub(socket);
    }

    /** A client for the socket at that path. */
    public IMAttrClient(String socket) {
        this(path(socket, "socket"));
    }

    private static Path defaultPath() {
        String path = System.getenv("IMATTRD_SOCKET");
        return path(path == null || path.isEmpty() ? DEFAULT_PATH : path, "IMATTRD_SOCKET");
    }

    private static Path path(String path, String name) {
        Arguments.check(path, name);
        if (path.getBytes(StandardCharsets.UTF_8).length > LONGEST_PATH) {
            throw new ArgumentException(name + ": the path of a socket has at most " + LONGEST_PATH + " bytes: " + path);
        }
        try {
            return Path.of(path);
        } catch (InvalidPathException invalid) {
            throw new ArgumentException(name + ": " + invalid.getMessage());
        }
    }

    /** The attributes of these accounts, each a text of 1 to 255 bytes of UTF-8. */
    public Attributes getAttrs(String... accounts) {
        Arguments.check(accounts, "accounts");
        return getAttrs(Arrays.asList(accounts));
    }

    /** The attributes of any number of accounts. */
    public Attributes getAttrs(Collection<String> accounts) {
        return getAttrs(accounts, CallOptions.DEFAULT);
    }

    /**
     * The attributes of any number of accounts, each a text of 1 to 255 bytes of UTF-8. Large numbers are asked for in
     * several requests at once; the first error ends the call, unless {@link CallOptions#withPartial} is given.
     */
    public Attributes getAttrs(Collection<String> accounts, CallOptions options) {
        long deadline = deadline(options);
        Arguments.check(accounts, "accounts");
        List<List<String>> batches = batches(distinct(accounts));
        Attributes[] answers = new Attributes[batches.size()];
        IMAttrException[] failures = new IMAttrException[batches.size()];
        try (Window window = new Window(hub, options)) {
            int sent = 0;
            while (sent < answers.length || window.size() > 0) {
                while (sent < answers.length && window.size() < CallOptions.DEFAULT.inFlight()) {
                    if (options.partial() && sent > 0 && System.nanoTime() - deadline >= 0) {
                        failures[sent] = new DeadlineException(options.timeout());
                        answers[sent] = Attributes.failed(batches.get(sent), failures[sent]);
                    } else {
                        window.add(sent, Message.getAttrs(batches.get(sent), options), deadline);
                    }
                    sent++;
                }
                if (window.size() > 0) {
                    Part part = window.next();
                    failures[part.number] = part.failure;
                    answers[part.number] = attributes(window, part);
                }
            }
        }
        throwIfNothingIsAnswered(answers, failures);
        return answers.length == 1 ? answers[0] : Attributes.joined(answers);
    }

    private static void throwIfNothingIsAnswered(Attributes[] answers, IMAttrException[] failures) {
        if (Arrays.stream(answers).noneMatch(Attributes::isAnswer)) {
            Arrays.stream(failures).filter(Objects::nonNull).findFirst().ifPresent(first -> {
                throw first;
            });
        }
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
        if (part.failure != null) {
            return Attributes.failed(part.message.accounts, part.failure);
        }
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
    public Status getStatus() {
        return getStatus(CallOptions.DEFAULT);
    }

    /** The daemon's state, limits and counters. */
    public Status getStatus(CallOptions options) {
        return Status.read((JsonObject) one("getStatus", null, options, Status::fits));
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
        Arguments.check(method, "method");
        Message message = Message.call(method, params);
        try (Window window = new Window(hub, options.timeout(), false)) {
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
        Arguments.check(options, "options");
        return System.nanoTime() + options.timeout().toNanos();
    }

    /** Ends the client: what waits, and later calls, fail with {@link CancelledException}. */
    @Override
    public void close() {
        hub.close();
    }
}
