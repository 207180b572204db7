package imattr;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;

/**
 * Where the calls of all threads share a connection.
 *
 * <p>No thread reads while none waits. Of the threads that wait, one reads for all of them, the others sleep until it
 * has something for them. When it has its own answer it stops, and wakes another one. So a single thread reads its
 * answers itself, without a hand-over, and no thread is ever started.
 *
 * <p>The rule that keeps this alive: if no thread reads and one sleeps, one has been woken. Who stops waiting,
 * for whatever reason, sees to it.
 *
 * <p>All methods but {@link #close} are called under {@link #lock}.
 */
final class Hub {
    private static final int CHUNK = 64 << 10;

    final ReentrantLock lock = new ReentrantLock();
    final Path path;

    private final Set<Window> windows = new LinkedHashSet<>();
    private final Map<Long, Part> requests = new HashMap<>();
    /** Usually one; another one as long as a daemon that is about to go still answers. */
    private final List<Connection> connections = new ArrayList<>();
    private final Backoff backoff = new Backoff();
    private boolean hadConnection;
    private Throwable trouble;
    private boolean isClosed;
    private long latestId;
    private ByteBuffer writeChunk;

    /** The window whose thread reads; null if none does. */
    private Window leader;
    // Of the thread that reads. The selector is made with the first connection.
    private Selector selector;
    private ByteBuffer readChunk;
    private final List<SelectionKey> ready = new ArrayList<>();
    /** When there was last nothing to read; valid if there was such a time. */
    private boolean wasQuiet;
    private long quietTime;

    Hub(Path path) {
        this.path = path;
    }

    // Calls

    /** Begins a call, which has to be ended. */
    Condition begin(Window window) {
        windows.add(window);
        return lock.newCondition();
    }

    /** Ends a call, and withdraws what is in flight for it. */
    void end(Window window, List<Part> parts) {
        windows.remove(window);
        withdraw(parts);
        wakeAReader();
    }

    boolean isClosed() {
        return isClosed;
    }

    /** Ends all connections and all calls, also those to come. */
    void close() {
        lock.lock();
        try {
            isClosed = true;
            requests.clear();
            connections.forEach(Connection::close);
            connections.clear();
            windows.forEach(this::wake);
            releaseSelector();
        } finally {
            lock.unlock();
        }
    }

    private void releaseSelector() {
        if (isClosed && leader == null && selector != null) {
            try {
                selector.close();
            } catch (IOException ignored) {
                // It is closed all the same.
            }
        }
    }

    // Waiting

    /** Returns when something may have come for the window, at the latest after so many nanoseconds. */
    void await(Window window, long nanoseconds) {
        if (leader == null) {
            List<Event> events = new ArrayList<>();
            long now = System.nanoTime();
            boolean isQuiet = false;
            leader = window;
            lock.unlock();
            try {
                isQuiet = read(window.isLate() ? 0 : nanoseconds, events);
            } finally {
                lock.lock();
                leader = null;
                releaseSelector();
            }
            takeIn(events);
            if (isQuiet) {
                fallQuiet(now);
            }
        } else {
            if (window.isLate()) {
                wakeLeader();
            }
            window.sleep(nanoseconds);
        }
    }

    /** There was nothing to read since: who is late can give up. */
    private void fallQuiet(long since) {
        wasQuiet = true;
        quietTime = since;
        for (Window window : windows) {
            if (window.isLate()) {
                window.ring();
            }
        }
    }

    boolean wasQuietAfter(long time) {
        return wasQuiet && quietTime - time >= 0;
    }

    /** Wakes the thread of a window, whether it sleeps or reads. */
    void wake(Window window) {
        if (leader == window) {
            wakeLeader();
        } else {
            window.ring();
        }
    }

    private void wakeLeader() {
        if (leader != null && selector != null) {
            selector.wakeup();
        }
    }

    /** If no thread reads and one sleeps: wakes one, to read. */
    void wakeAReader() {
        if (leader == null) {
            for (Window window : windows) {
                if (window.isAsleep()) {
                    window.ring();
                    return;
                }
            }
        }
    }

    // Writing

    /** Sends a part if there is a connection, or can be; else sets the time to try again. */
    void send(Part part, long now) {
        lookAtIdleConnection();
        Connection connection = connect(now);
        if (connection == null) {
            long next = now + backoff.pause(now);
            part.putBack(next - part.deadline < 0 ? next : part.deadline);
            return;
        }
        part.id = ++latestId;
        part.connection = connection;
        requests.put(part.id, part);
        connection.send(part.id, part.message.line(part.id, part.deadline - now), writeChunk);
        if (connection.wantsToWrite()) {
            wakeLeader(); // it has to wait for that, too
        }
    }

    /** Why connecting failed the last time; null if it never did. */
    Throwable trouble() {
        return trouble;
    }

    /** The connection that takes requests; null if there is none. */
    private Connection usable() {
        Connection latest = connections.isEmpty() ? null : connections.get(connections.size() - 1);
        return latest == null || latest.isRetired ? null : latest;
    }

    /** A connection that was idle may have ended meanwhile: that is found out before it is used. */
    private void lookAtIdleConnection() {
        Connection usable = usable();
        if (usable != null && usable.inFlight == 0 && leader == null) {
            List<Event> events = new ArrayList<>();
            usable.read(readChunk, events);
            if (!events.isEmpty()) {
                takeIn(events);
            }
        }
    }

    private Connection connect(long now) {
        Connection usable = usable();
        if (usable != null || backoff.pause(now) > 0) {
            return usable;
        }
        prepare();
        try {
            Connection connection = Connection.open(path, selector);
            connections.add(connection);
            hadConnection = true;
            wakeLeader(); // it has another socket to wait for
            return connection;
        } catch (ConnectFailure failure) {
            if (!failure.isPassing(hadConnection)) {
                throw failure.exception(path);
            }
            trouble = failure.getCause();
            backoff.failed(now);
            return null;
        }
    }

    private void prepare() {
        if (selector != null) {
            return;
        }
        try {
            selector = Selector.open();
            readChunk = ByteBuffer.allocateDirect(CHUNK);
            writeChunk = ByteBuffer.allocateDirect(CHUNK);
        } catch (IOException failure) {
            throw new UnreachableException(path, "EMFILE", failure);
        }
    }

    /** Withdraws what is in flight of these. */
    void withdraw(List<Part> parts) {
        for (Connection connection : connections) {
            List<Long> ids = new ArrayList<>();
            for (Part part : parts) {
                if (part.connection == connection && requests.remove(part.id, part)) {
                    ids.add(part.id);
                }
            }
            if (!ids.isEmpty()) {
                connection.withdraw(ids, writeChunk);
            }
            if (connection.wantsToWrite()) {
                wakeLeader();
            }
        }
        dropWhatIsDone();
    }

    /** Closes connections that take no requests and have none in flight. */
    private void dropWhatIsDone() {
        for (Connection connection : List.copyOf(connections)) {
            if (connection.isRetired && connection.inFlight == 0) {
                drop(connection);
            }
        }
    }

    private void drop(Connection connection) {
        connections.remove(connection);
        connection.close();
        // A selector holds on to a channel that was closed until it is asked the next time.
        if (leader != null) {
            selector.wakeup();
        } else {
            select(0);
        }
    }

    // Reading

    /**
     * Reads what there is, or comes within so many nanoseconds; whether there was nothing. It is the leader's, and done
     * without the lock.
     */
    private boolean read(long nanoseconds, List<Event> events) {
        select(nanoseconds);
        for (SelectionKey key : ready) {
            ((Connection) key.attachment()).read(readChunk, events);
        }
        return ready.isEmpty();
    }

    private void select(long nanoseconds) {
        ready.clear();
        try {
            if (nanoseconds > 0) {
                selector.select(ready::add, (nanoseconds + 999_999) / 1_000_000);
            } else {
                selector.selectNow(ready::add);
            }
        } catch (IOException impossible) {
            throw new UncheckedIOException(impossible);
        }
    }

    /** Settles what was read. */
    private void takeIn(List<Event> events) {
        for (Event event : events) {
            Connection connection = event.connection();
            if (!connections.contains(connection)) {
                continue; // it was given up for what came before
            }
            if (event.answer() != null) {
                answered(connection, event.answer());
            } else if (event.fault() != null) {
                fail(connection, () -> new ProtocolException(event.fault()));
            } else {
                ended(connection);
            }
        }
        connections.forEach(connection -> connection.flush(writeChunk));
        dropWhatIsDone();
    }

    private void answered(Connection connection, Answer answer) {
        boolean isStopping = answer.refusal() != null && answer.refusal().isShuttingDown();
        if (isStopping && !connection.isRetired) {
            connection.isRetired = true;
            backoff.ended(connection.hasAnswered, System.nanoTime());
        } else if (!isStopping && !connection.hasAnswered) {
            connection.hasAnswered = true;
            backoff.answered();
        }
        if (answer.id() == null) {
            fail(connection, answer.refusal()::exception);
        } else if (answer.id() instanceof Long id) {
            settle(id, connection, answer);
        }
    }

    /** Hands an answer to the call that waits for it; if none does, the request was given up. */
    private void settle(Long id, Connection connection, Answer answer) {
        Part part = requests.get(id);
        if (part == null || part.connection != connection) {
            return;
        }
        requests.remove(id);
        connection.inFlight--;
        if (answer.refusal() != null && answer.refusal().isShuttingDown()) {
            part.putBack(System.nanoTime() + answer.refusal().pause());
        } else {
            part.answer = answer;
            part.window.arrived(part);
        }
        wake(part.window);
    }

    /** The connection has ended; what was in flight on it has to be asked again. */
    private void ended(Connection connection) {
        long now = System.nanoTime();
        if (!connection.isRetired) {
            backoff.ended(connection.hasAnswered, now);
        }
        for (Part part : takeOff(connection)) {
            part.putBack(now);
            wake(part.window);
        }
    }

    /** Gives a connection up; what is in flight on it fails, and the whole call with it. */
    void fail(Connection connection, Supplier<IMAttrException> failure) {
        if (connections.contains(connection)) {
            for (Part part : takeOff(connection)) {
                part.window.fail(failure);
                wake(part.window);
            }
        }
    }

    /** Drops a connection; what was in flight there, in the order in which it was sent. */
    private List<Part> takeOff(Connection connection) {
        drop(connection);
        List<Part> parts = new ArrayList<>(requests.values());
        parts.removeIf(part -> part.connection != connection);
        parts.sort((one, other) -> Long.compare(one.id, other.id));
        parts.forEach(part -> requests.remove(part.id));
        return parts;
    }
}
