package imattr;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Collection;
import java.util.List;

/** A request, which may have to be sent more than once: each time with another id, and less time. */
final class Message {
    private final byte[] head; // of the line, up to what differs
    private final boolean isTimed;
    /** That are asked for; empty for other methods. */
    final Collection<String> accounts;

    private Message(String head, boolean isTimed, Collection<String> accounts) {
        this.accounts = accounts;
        this.head = head.getBytes(StandardCharsets.UTF_8);
        this.isTimed = isTimed;
    }

    static Message getAttrs(Collection<String> accounts, CallOptions options) {
        Duration maxAge = options.maxAge();
        String age = maxAge.isZero() ? "" : ",\"maxAgeMs\":" + maxAge.toMillis();
        String partial = options.partial() ? ",\"partial\":true" : "";
        String params = "{\"To_Account\":" + Json.write(accounts) + age + partial;
        return new Message("{\"jsonrpc\":\"2.0\",\"method\":\"getAttrs\",\"params\":" + params, true, accounts);
    }

    /** Any method; no params if they are null. */
    static Message call(String method, Object params) {
        try {
            String rest = params == null ? "" : ",\"params\":" + Json.write(params);
            return new Message("{\"jsonrpc\":\"2.0\",\"method\":" + Json.write(method) + rest, false, List.of());
        } catch (IllegalArgumentException wrong) {
            throw new ArgumentException("params: " + wrong.getMessage());
        }
    }

    /** The line of a request that has so much time left. */
    ByteBuffer line(long id, long nanoseconds) {
        String time = isTimed ? ",\"timeoutMs\":" + Math.max(1, nanoseconds / 1_000_000) + "}" : "";
        byte[] tail = (time + ",\"id\":" + id + "}\n").getBytes(StandardCharsets.ISO_8859_1);
        return ByteBuffer.allocate(head.length + tail.length).put(head).put(tail).flip();
    }

    /** The line that withdraws a request. */
    static ByteBuffer cancellation(long id) {
        String line = "{\"jsonrpc\":\"2.0\",\"method\":\"$/cancelRequest\",\"params\":{\"id\":" + id + "}}\n";
        return ByteBuffer.wrap(line.getBytes(StandardCharsets.ISO_8859_1));
    }
}
