package imattr;

import java.time.Duration;

/**
 * What a call does by default is {@link #DEFAULT}; the {@code with…} methods give others. What is out of
 * range is an {@link ArgumentException}.
 *
 * @param timeout the whole time of a call, of a stream that of each of its requests: 1 ms to 600 s, unless given 30 s
 * @param maxAge how old an answer may be that the daemon already holds: 0 to 1 h, unless given 0, which asks Tencent
 * @param batch of a stream: accounts in a request, 1 to 10,000, unless given 500
 * @param inFlight of a stream: requests in flight at once, 1 to 10,000, unless given 32
 * @param partial whether what was fetched is returned even if some accounts fail, unless given false. Those are in {@link
 *     Attributes#failed} then, and a stream yields them with {@link User#failure}. A call fails only if no account was
 *     answered at all, or if the error is not about accounts, such as a lost daemon
 */
public record CallOptions(Duration timeout, Duration maxAge, int batch, int inFlight, boolean partial) {
    private static final Duration SHORTEST_TIMEOUT = Duration.ofMillis(1);
    private static final Duration LONGEST_TIMEOUT = Duration.ofSeconds(600);
    private static final Duration LONGEST_AGE = Duration.ofHours(1);
    private static final int MOST_IN_BATCH = 10_000;
    private static final int MOST_IN_FLIGHT = 10_000;

    /** What a call does by default. */
    public static final CallOptions DEFAULT = new CallOptions(Duration.ofSeconds(30), Duration.ZERO, 500, 32, false);

    /** Checks that all is in range. */
    public CallOptions {
        check(isWithin(timeout, SHORTEST_TIMEOUT, LONGEST_TIMEOUT), "timeout", timeout, "from 1 ms to 600 s");
        check(isWithin(maxAge, Duration.ZERO, LONGEST_AGE), "maxAge", maxAge, "from 0 s to 1 h");
        check(batch >= 1 && batch <= MOST_IN_BATCH, "batch", batch, "from 1 to " + MOST_IN_BATCH);
        check(inFlight >= 1 && inFlight <= MOST_IN_FLIGHT, "inFlight", inFlight, "from 1 to " + MOST_IN_FLIGHT);
    }

    private static boolean isWithin(Duration time, Duration least, Duration most) {
        return time != null && time.compareTo(least) >= 0 && time.compareTo(most) <= 0;
    }

    private static void check(boolean isRight, String name, Object value, String allowed) {
        if (!isRight) {
            throw new ArgumentException(name + ": " + value + " is not " + allowed);
        }
    }

    /** The same with another timeout. */
    public CallOptions withTimeout(Duration timeout) {
        return new CallOptions(timeout, maxAge, batch, inFlight, partial);
    }

    /** The same with another maxAge. */
    public CallOptions withMaxAge(Duration maxAge) {
        return new CallOptions(timeout, maxAge, batch, inFlight, partial);
    }

    /** The same with another batch. */
    public CallOptions withBatch(int batch) {
        return new CallOptions(timeout, maxAge, batch, inFlight, partial);
    }

    /** The same with another inFlight. */
    public CallOptions withInFlight(int inFlight) {
        return new CallOptions(timeout, maxAge, batch, inFlight, partial);
    }

    /** The same with another partial. */
    public CallOptions withPartial(boolean partial) {
        return new CallOptions(timeout, maxAge, batch, inFlight, partial);
    }
}
