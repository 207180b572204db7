package imattr;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;

/**
 * Yields each account as its answer arrives, in the order of the answers: of each request those with attributes, then
 * those that are missing, then those that failed (with {@link CallOptions#withPartial}). For one loop, of one thread:
 *
 * <pre>{@code
 * try (UserStream users = client.stream(accounts)) {
 *     for (User user : users) {
 *         System.out.println(user);
 *     }
 * }
 * }</pre>
 *
 * <p>Accounts are taken only while the next user is asked for, at most {@code batch} times {@code inFlight} ahead. One
 * that is repeated in a request is yielded once, in another request again. The first error ends the stream, and so does
 * closing it, by any thread: what is in flight is withdrawn. The time of a request runs only while the next user is
 * asked for.
 */
public final class UserStream implements Iterable<User>, AutoCloseable {
    private final Iterator<String> accounts;
    private final CallOptions options;
    private final Window window;
    private boolean isIterated;

    UserStream(Hub hub, Iterable<String> accounts, CallOptions options) {
        Arguments.check(accounts, "accounts");
        Arguments.check(options, "options");
        this.accounts = accounts.iterator();
        this.options = options;
        this.window = new Window(hub, options);
        window.stopClockBetweenLooks();
    }

    /**
     * The users; {@code hasNext} waits for the next one, and throws any {@link IMAttrException}.
     *
     * @throws IllegalStateException the second time: accounts can be taken only once
     */
    @Override
    public Iterator<User> iterator() {
        if (isIterated) {
            throw new IllegalStateException("this stream is iterated already; make another one");
        }
        isIterated = true;
        return new Users();
    }

    /** Withdraws what is in flight; a thread that waits gets a {@link CancelledException}. */
    @Override
    public void close() {
        window.close();
    }

    private final class Users implements Iterator<User> {
        private Iterator<User> received = Collections.emptyIterator();
        private long taken;
        private int requests;
        private boolean isOver;

        @Override
        public boolean hasNext() {
            while (!received.hasNext() && !isOver) {
                receive();
            }
            return received.hasNext();
        }

        @Override
        public User next() {
            if (!hasNext()) {
                throw new NoSuchElementException("there are no more users");
            }
            return received.next();
        }

        /** Takes the accounts of the next answer. */
        private void receive() {
            boolean isWell = false;
            try {
                Part part = nextPart();
                received = part == null ? received : IMAttrClient.attributes(window, part).all().iterator();
                isWell = part != null;
            } finally {
                if (!isWell) {
                    isOver = true;
                    close();
                }
            }
        }

        /** The next answer; null if all have come. */
        private Part nextPart() {
            while (window.size() < options.inFlight()) {
                // The accounts may come slowly: what has arrived meanwhile is yielded first.
                Part part = window.size() > 0 ? window.poll() : null;
                if (part != null) {
                    return part;
                }
                if (!sendBatch()) {
                    break;
                }
            }
            return window.size() > 0 ? window.next() : null;
        }

        /** Sends the next request; false if there are no more accounts. */
        private boolean sendBatch() {
            List<String> batch = new ArrayList<>();
            while (batch.size() < options.batch() && accounts.hasNext()) {
                String account = accounts.next();
                Account.check(account, taken);
                taken++;
                batch.add(account);
            }
            if (batch.isEmpty()) {
                return false;
            }
            long deadline = System.nanoTime() + options.timeout().toNanos();
            window.add(requests++, Message.getAttrs(batch, options), deadline);
            return true;
        }
    }
}
