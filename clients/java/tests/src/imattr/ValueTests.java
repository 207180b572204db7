package imattr;

import static imattr.Testing.check;
import static imattr.Testing.contains;
import static imattr.Testing.same;
import static imattr.Testing.test;
import static imattr.Testing.thrown;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;

final class ValueTests {
    private ValueTests() {}

    static void run() {
        test("accounts have 1 to 255 bytes of UTF-8", () -> {
            for (String account : List.of("a", "中".repeat(85), "😀".repeat(63) + "abc", " ", "\u0000")) {
                Account.check(account, 0);
            }
            List<String> wrong = List.of(
                    "", "a".repeat(256), "中".repeat(86), "é".repeat(128), "😀".repeat(64), "\ud83d", "a\ude00b");
            for (String account : wrong) {
                contains("accounts[7]", thrown(ArgumentException.class, () -> Account.check(account, 7)).getMessage());
            }
            contains("accounts[3] is null", thrown(ArgumentException.class, () -> Account.check(null, 3)).getMessage());
        });
        test("options out of range are argument errors that name the value", () -> {
            CallOptions options = CallOptions.DEFAULT;
            List<Duration> wrong = List.of(
                    Duration.ZERO, Duration.ofNanos(999_999), Duration.ofMillis(600_001), Duration.ofSeconds(-1));
            for (Duration time : wrong) {
                contains(time.toString(), thrown(ArgumentException.class, () -> options.withTimeout(time)).getMessage());
            }
            thrown(ArgumentException.class, () -> options.withTimeout(null));
            thrown(ArgumentException.class, () -> options.withMaxAge(Duration.ofMillis(-1)));
            thrown(ArgumentException.class, () -> options.withMaxAge(Duration.ofMillis(3_600_001)));
            thrown(ArgumentException.class, () -> options.withBatch(0));
            contains("inFlight: 10001", thrown(ArgumentException.class, () -> options.withInFlight(10_001)).getMessage());
            same(new CallOptions(Duration.ofMillis(1), Duration.ofHours(1), 1, 10_000, false),
                    options.withTimeout(Duration.ofMillis(1)).withMaxAge(Duration.ofHours(1)).withBatch(1)
                            .withInFlight(10_000));
        });
        test("a request says the time that is left", () -> {
            Message message = Message.getAttrs(List.of("a\"é"), CallOptions.DEFAULT.withMaxAge(Duration.ofMillis(1500)));
            same("{\"jsonrpc\":\"2.0\",\"method\":\"getAttrs\",\"params\":{\"To_Account\":[\"a\\\"é\"],\"maxAgeMs\":1500,"
                    + "\"timeoutMs\":29999},\"id\":7}\n", text(message.line(7, 29_999_900_000L)));
            contains("\"timeoutMs\":1}", text(message.line(7, -5)));
            same("{\"jsonrpc\":\"2.0\",\"method\":\"m\",\"params\":[1],\"id\":8}\n",
                    text(Message.call("m", List.of(1)).line(8, 0)));
        });
        test("lines are found however they are cut", () -> {
            for (int piece : new int[] {1, 2, 7, 1000, 60_000}) {
                byte[] bytes = lines().getBytes(StandardCharsets.UTF_8);
                LineBuffer buffer = new LineBuffer();
                long found = 0;
                for (int at = 0; at < bytes.length; at += piece) {
                    buffer.add(ByteBuffer.wrap(bytes, at, Math.min(piece, bytes.length - at)));
                    while (buffer.next()) {
                        same(++found, buffer.answer().id());
                    }
                }
                same(300L, found);
            }
        });
        test("pauses double up to a second, and an answer forgets them", () -> {
            Backoff backoff = new Backoff();
            backoff.ended(false, 0);
            same(0L, backoff.pause(0)); // the first that ends is replaced at once
            for (long pause : new long[] {50, 100, 200, 400, 800, 1000, 1000}) {
                backoff.failed(0);
                long actual = backoff.pause(0) / 1_000_000;
                check(actual >= pause && actual <= pause + pause / 4, actual + " ms instead of " + pause);
            }
            backoff.answered();
            same(0L, backoff.pause(0));
        });
        test("values and errors can be serialized", () -> {
            JsonObject attrs = (JsonObject) Json.parse("{\"a\":[1,{\"b\":null}]}");
            same(new User("x", attrs, null, null), copied(new User("x", attrs, null, null)));
            same("no (5)", ((Exception) copied(new RefusedException(5, "no", attrs))).getMessage());
        });
        test("users print themselves", () -> {
            same("x {\"a\":1}", new User("x", (JsonObject) Json.parse("{\"a\":1}"), null, null).toString());
            same("x is missing", new User("x", null, null, null).toString());
            same("x is missing: gone", new User("x", null, new AccountError("x", 7L, "gone"), null).toString());
        });
    }

    /** Answers 1 to 300, of many lengths, with empty lines between them. */
    private static String lines() {
        StringBuilder lines = new StringBuilder();
        for (int id = 1; id <= 300; id++) {
            String padding = "é".repeat(id % 50 == 0 ? 50_000 : id);
            lines.append("{\"jsonrpc\":\"2.0\",\"id\":" + id + ",\"result\":\"" + padding + "\"}\r\n \n");
        }
        return lines.toString();
    }

    private static String text(ByteBuffer line) {
        return StandardCharsets.UTF_8.decode(line).toString();
    }

    private static Object copied(Object value) throws Exception {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ObjectOutputStream output = new ObjectOutputStream(bytes)) {
            output.writeObject(value);
        }
        return new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray())).readObject();
    }
}
