package imattr;

/**
 * An answer of JSON-RPC 2.0.
 *
 * @param id a Long if it can be that of a request of ours; null if the daemon could not read it; anything else is foreign
 * @param result what the daemon answered, null if it refused or answered null
 * @param refusal makes the exception of what the daemon refused; null if it did not
 */
record Answer(Object id, Object result, Refusal refusal) {
    /** The code for a request whose time is over. */
    static final long DEADLINE_EXCEEDED = -32001;
    /** The code of a daemon that is about to go. */
    private static final long SHUTTING_DOWN = -32004;

    /** An error that the daemon answered. */
    record Refusal(long code, String reason, JsonObject data) {
        /** One for each thread that it is thrown in. */
        IMAttrException exception() {
            RefusedException refused = new RefusedException(code, reason, data);
            return code == DEADLINE_EXCEEDED ? new DeadlineException(refused) : refused;
        }

        /** Whether the daemon is about to go and did not begin the request, which is to be made again. */
        boolean isShuttingDown() {
            return code == SHUTTING_DOWN;
        }

        /** After so many nanoseconds. */
        long pause() {
            return data.get("retryAfterMs") instanceof Long time && time > 0 ? Math.min(time, 3_600_000) * 1_000_000 : 0;
        }
    }

    /** Reads a line. */
    static Answer read(byte[] bytes, int begin, int end) throws JsonReader.Invalid {
        if (!(new JsonReader(bytes, begin, end).read() instanceof JsonObject object)
                || !"2.0".equals(object.get("jsonrpc")) || !object.containsKey("id")
                || object.containsKey("result") == object.containsKey("error")) {
            throw noAnswer();
        }
        Object id = object.get("id");
        if (object.containsKey("error")) {
            return new Answer(id, null, refusal(object.get("error")));
        } else if (id == null) {
            throw new JsonReader.Invalid("a result whose id is null");
        }
        return new Answer(id, object.get("result"), null);
    }

    private static Refusal refusal(Object error) throws JsonReader.Invalid {
        if (error instanceof JsonObject object
                && object.get("code") instanceof Long code && object.get("message") instanceof String message) {
            return new Refusal(code, message, object.get("data") instanceof JsonObject data ? data : JsonObject.EMPTY);
        }
        throw noAnswer();
    }

    private static JsonReader.Invalid noAnswer() {
        return new JsonReader.Invalid("no answer of JSON-RPC 2.0");
    }
}
