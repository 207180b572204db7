package imattr;

import java.util.concurrent.ThreadLocalRandom;

/**
 * When to connect again: counts attempts that came to nothing, and spaces out the next ones. Times are those of
 * nanoTime.
 */
final class Backoff {
    private static final long FIRST_PAUSE = 50_000_000;
    private static final long LONGEST_PAUSE = 1_000_000_000;

    private int fruitless;
    private boolean pauses;
    private long until;

    /** How long it is, in nanoseconds, until the next attempt may be made; 0 if it may. */
    long pause(long now) {
        return pauses ? Math.max(0, until - now) : 0;
    }

    /** Connecting failed. */
    void failed(long now) {
        fruitless = Math.max(1, fruitless);
        space(now);
    }

    /** A connection ended. After one that answered, or the first that did not, the next attempt is made at once. */
    void ended(boolean hasAnswered, long now) {
        if (hasAnswered) {
            answered();
        } else {
            space(now);
        }
    }

    /** Something was answered. */
    void answered() {
        fruitless = 0;
        pauses = false;
    }

    private void space(long now) {
        pauses = fruitless > 0;
        if (pauses) {
            long pause = Math.min(FIRST_PAUSE << Math.min(fruitless - 1, 10), LONGEST_PAUSE);
            // A random part, so that those who lost the same daemon do not come back at the same moment.
            until = now + pause + ThreadLocalRandom.current().nextLong(pause / 4);
        }
        fruitless++;
    }
}
