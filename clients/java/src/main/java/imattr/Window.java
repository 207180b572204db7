package imattr;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.locks.Condition;
import java.util.function.Supplier;

/**
 * The requests of one call that are in flight. What is lost with a connection is sent
 * again; what is left when the window is closed is withdrawn. Used by one thread; any may close it.
 */
final class Window implements AutoCloseable {
    /** How long after the deadline the daemon's own word of it is waited for. */
    private static final long GRACE = 1_000_000_000;
    /** How long is looked for what has arrived before giving up, while there is always more to read. */
    private static final long LONGEST_LOOK = 1_000_000_000;

    private final Hub hub;
    private final Duration timeout;
    private final boolean isPartial;

    // Under the hub's lock:
    private final List<Part> parts = new ArrayList<>();
    private final Deque<Part> arrived = new ArrayDeque<>();
    private final Condition bell;
    private boolean isAsleep;
    private boolean isClosed;
    private Supplier<IMAttrException> failure;
    private boolean stopsClock;
    private long latestLook;
    private boolean isLate;
    private long lateSince;

    Window(Hub hub, CallOptions options) {
        this(hub, options.timeout(), options.partial());
    }

    Window(Hub hub, Duration timeout, boolean isPartial) {
        this.hub = hub;
        this.timeout = timeout;
        this.isPartial = isPartial;
        hub.lock.lock();
        try {
            bell = hub.begin(this);
        } finally {
            hub.lock.unlock();
        }
    }

    /**
     * From now on the clock stops while no thread waits: what the consumer of a stream does with an account must
     * not make the others late, which have arrived perhaps and were not read.
     */
    void stopClockBetweenLooks() {
        stopsClock = true;
        latestLook = System.nanoTime();
    }

    /** Requests in flight. */
    int size() {
        return parts.size(); // only this thread changes it
    }

    /** Sends a request that must be answered by then, or does so as soon as there is a connection. */
    void add(int number, Message message, long deadline) {
        hub.lock.lock();
        try {
            checkIsOpen();
            long now = System.nanoTime();
            parts.add(new Part(this, number, message, deadline, now));
            sendWhatIsDue(now);
        } finally {
            hub.lock.unlock();
        }
    }

    /** Waits for the next result, whichever part's it is. */
    Part next() {
        hub.lock.lock();
        try {
            forgiveTimeAway();
            for (boolean hasLooked = false;; hasLooked = true) {
                Part part = taken();
                if (part != null) {
                    return part;
                }
                long now = System.nanoTime();
                sendWhatIsDue(now);
                part = hasLooked ? late(now) : null;
                if (part != null) {
                    return part;
                }
                hub.await(this, isLate ? lateSince + LONGEST_LOOK - now : Math.max(0, nextEvent() - now));
            }
        } finally {
            isLate = false;
            stopLooking();
        }
    }

    /** A result that is there already; else null. */
    Part poll() {
        hub.lock.lock();
        try {
            forgiveTimeAway();
            Part part = taken();
            if (part == null) {
                hub.await(this, 0);
                part = taken();
            }
            return part;
        } finally {
            stopLooking();
        }
    }

    private void stopLooking() {
        latestLook = System.nanoTime();
        hub.wakeAReader();
        hub.lock.unlock();
    }

    /** The connection brought something that is no answer to what was asked. */
    ProtocolException giveUp(Part part, String problem) {
        hub.lock.lock();
        try {
            hub.fail(part.connection, () -> new ProtocolException(problem));
            hub.wakeAReader();
        } finally {
            hub.lock.unlock();
        }
        return new ProtocolException(problem);
    }

    /** Withdraws what is in flight. */
    @Override
    public void close() {
        hub.lock.lock();
        try {
            if (!isClosed) {
                isClosed = true;
                hub.end(this, parts);
                hub.wake(this);
            }
        } finally {
            hub.lock.unlock();
        }
    }

    // Under the lock

    private void checkIsOpen() {
        if (Thread.currentThread().isInterrupted()) {
            throw new CancelledException("the thread was interrupted");
        } else if (isClosed || hub.isClosed()) {
            throw new CancelledException(isClosed ? "the stream was closed" : "the client was closed");
        }
    }

    /** A result to hand out; null if none has arrived. */
    private Part taken() {
        checkIsOpen();
        Part part = arrived.poll();
        if (part == null && failure != null) {
            throw failure.get();
        } else if (part == null) {
            return null;
        }
        parts.remove(part);
        return part.answer.refusal() == null ? part : failed(part, part.answer.refusal().exception());
    }

    /** A part that has failed, if that is an error of its accounts alone. */
    private Part failed(Part part, IMAttrException error) {
        if (!isPartial || !FailedAccount.isAboutAccounts(error)) {
            throw error;
        }
        part.failure = error;
        return part;
    }

    private void sendWhatIsDue(long now) {
        for (Part part : parts) {
            if (part.connection == null && part.notBefore - now <= 0) {
                hub.send(part, now);
            }
        }
    }

    /** When there will be something to do even if nothing arrives. */
    private long nextEvent() {
        long next = System.nanoTime() + timeout.toNanos() + GRACE;
        for (Part part : parts) {
            long event = part.deadline + GRACE;
            if (part.connection == null) {
                event = part.notBefore - part.deadline < 0 ? part.notBefore : part.deadline;
            }
            next = event - next < 0 ? event : next;
        }
        return next;
    }

    /** A part whose time is over; null if there is none, or if its answer may have arrived and is to be read first. */
    private Part late(long now) {
        for (Part part : parts) {
            if (part.connection != null && now - part.deadline >= GRACE) {
                if (!isLookedFor(part, now)) {
                    return null;
                }
                isLate = false;
                parts.remove(part);
                hub.withdraw(List.of(part));
                return failed(part, new DeadlineException(timeout));
            }
            // Also if the daemon said to come back later than that: then it is certain already.
            boolean cannotBeSent = now - part.deadline >= 0 || part.notBefore - part.deadline > 0;
            if (part.connection == null && cannotBeSent) {
                throw new ConnectionLostException(hub.path, hub.trouble());
            }
        }
        return null;
    }

    /**
     * Whether a part that is late has waited in vain: a process that was stopped, or had other things to do, finds answers
     * in its socket, so there must have been nothing to read since.
     */
    private boolean isLookedFor(Part part, long now) {
        if (!isLate) {
            isLate = true;
            lateSince = now;
        }
        return hub.wasQuietAfter(part.deadline + GRACE) || now - lateSince >= LONGEST_LOOK;
    }

    /** Whether it waits only to know that there is nothing to read. */
    boolean isLate() {
        return isLate;
    }

    private void forgiveTimeAway() {
        if (stopsClock) {
            long now = System.nanoTime();
            long latest = now + timeout.toNanos();
            for (Part part : parts) {
                long later = part.deadline + (now - latestLook);
                part.deadline = later - latest < 0 ? later : latest;
            }
        }
    }

    // Called by the hub

    /** Sleeps until the bell is rung, at most so many nanoseconds. */
    void sleep(long nanoseconds) {
        isAsleep = true;
        try {
            bell.awaitNanos(nanoseconds);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        } finally {
            isAsleep = false;
        }
    }

    boolean isAsleep() {
        return isAsleep;
    }

    /** Wakes the thread if it sleeps. */
    void ring() {
        bell.signal();
    }

    /** A part is answered. */
    void arrived(Part part) {
        arrived.add(part);
    }

    /** The connection of one of its parts was given up. */
    void fail(Supplier<IMAttrException> why) {
        failure = why;
    }
}
