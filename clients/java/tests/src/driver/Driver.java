package driver;

import imattr.AccountError;
import imattr.ArgumentException;
import imattr.Attributes;
import imattr.CallOptions;
import imattr.IMAttrClient;
import imattr.IMAttrException;
import imattr.Json;
import imattr.JsonObject;
import imattr.User;
import imattr.UserStream;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.LinkedBlockingQueue;

/** Does with the client what it reads on standard input, and says on standard output what came of it. */
final class Driver {
    private static final List<String> FEATURES =
            List.of("concurrent", "cancel", "stream", "pause", "reconnect", "bigint", "large", "duplex", "loop");

    private final PrintStream output = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    private final Map<String, Call> calls = new HashMap<>();
    private IMAttrClient client = new IMAttrClient();
    private ArgumentException openFailure;

    public static void main(String[] arguments) throws IOException, InterruptedException {
        loadClasses();
        new Driver().run();
    }

    /** Java takes a moment for the first call, which on a busy machine is longer than some transcripts have. */
    private static void loadClasses() {
        try (IMAttrClient nobody = new IMAttrClient("/nonexistent/imattrd.sock")) {
            nobody.getAttrs("nobody");
        } catch (IMAttrException expected) {
            Json.write(Errors.described(expected));
        }
    }

    private void run() throws IOException, InterruptedException {
        say(members("driver", "java", "features", FEATURES));
        BufferedReader input = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = input.readLine(); line != null; line = input.readLine()) {
            take((JsonObject) Json.parse(line));
        }
        for (Call call : calls.values()) {
            call.thread.join();
        }
        client.close();
    }

    private void take(JsonObject command) {
        switch ((String) command.get("do")) {
            case "open" -> {
                open(command.get("socket"));
                say(members("opened", true));
            }
            case "close" -> {
                client.close();
                say(members("closed", true));
            }
            case "cancel" -> calls.get(command.get("call")).thread.interrupt();
            case "resume", "leave" -> calls.get(command.get("call")).orders.add((String) command.get("do"));
            default -> begin(command);
        }
    }

    /** A path that cannot be one is an error of the constructor, here of the calls. */
    private void open(Object socket) {
        openFailure = null;
        try {
            client = socket instanceof String path ? new IMAttrClient(path) : new IMAttrClient();
        } catch (ArgumentException failure) {
            openFailure = failure;
        }
    }

    private void begin(JsonObject command) {
        if (openFailure != null) {
            say(members("call", command.get("call"), "error", Errors.described(openFailure)));
            return;
        }
        Call call = new Call(command, client);
        calls.put((String) command.get("call"), call);
        call.thread.start();
    }

    private void say(Map<String, Object> line) {
        output.println(Json.write(line));
    }

    /** An object of these names and values, without those that are null. */
    static Map<String, Object> members(Object... namesAndValues) {
        Map<String, Object> members = new LinkedHashMap<>();
        for (int at = 0; at < namesAndValues.length; at += 2) {
            if (namesAndValues[at + 1] != null) {
                members.put((String) namesAndValues[at], namesAndValues[at + 1]);
            }
        }
        return members;
    }

    /** A call that runs in a thread of its own. */
    private final class Call {
        private final JsonObject command;
        private final IMAttrClient client;
        private final LinkedBlockingQueue<String> orders = new LinkedBlockingQueue<>();
        private final Thread thread = new Thread(this::run);
        private int taken;

        Call(JsonObject command, IMAttrClient client) {
            this.command = command;
            this.client = client;
        }

        private void run() {
            try {
                if (command.get("do").equals("stream")) {
                    stream();
                } else if (command.get("do").equals("loop")) {
                    answer("nanoseconds", loop());
                } else {
                    Map<String, Object> line = new LinkedHashMap<>(members("call", command.get("call")));
                    line.put("result", result()); // which can be null
                    say(line);
                }
            } catch (IMAttrException error) {
                answer("error", Errors.described(error));
            } catch (InterruptedException | IOException unexpected) {
                answer("error", members("kind", "unknown", "message", unexpected.toString()));
            }
        }

        private void answer(String name, Object value) {
            say(members("call", command.get("call"), name, value));
        }

        private Object result() {
            switch ((String) command.get("do")) {
                case "getAttrs":
                    return described(client.getAttrs(accounts(), options()), options().partial());
                case "ping":
                    client.ping(options());
                    return "pong";
                case "getStatus":
                    return client.getStatus(options()).json();
                default:
                    return client.call((String) command.get("method"), command.get("params"), options());
            }
        }

        private List<String> accounts() {
            List<String> accounts = new ArrayList<>();
            ((List<?>) command.get("accounts")).forEach(account -> accounts.add((String) account));
            return accounts;
        }

        private CallOptions options() {
            CallOptions options = CallOptions.DEFAULT;
            if (command.get("timeoutMs") instanceof Long time) {
                options = options.withTimeout(Duration.ofMillis(time));
            }
            if (command.get("maxAgeMs") instanceof Long age) {
                options = options.withMaxAge(Duration.ofMillis(age));
            }
            if (command.get("batch") instanceof Long batch) {
                options = options.withBatch(batch.intValue());
            }
            if (command.get("inFlight") instanceof Long inFlight) {
                options = options.withInFlight(inFlight.intValue());
            }
            return options.withPartial(Boolean.TRUE.equals(command.get("partial")));
        }

        private void stream() throws InterruptedException {
            if (isTakenWhole()) {
                say(members("call", command.get("call"), "end", true, "taken", taken));
            } else {
                answer("left", true);
            }
        }

        private boolean isTakenWhole() throws InterruptedException {
            Object pauseAfter = command.get("pauseAfter");
            long yielded = 0;
            try (UserStream users = client.stream(new Source(command, () -> taken++), options())) {
                for (User user : users) {
                    if (user.isFailed()) {
                        answer("failed", Errors.described(user.failure()));
                    } else {
                        answer(user.isMissing() ? "missing" : "user", described(user));
                    }
                    yielded++;
                    if (pauseAfter instanceof Long count && count == yielded && !goesOn()) {
                        return false;
                    }
                }
                return true;
            }
        }

        /** Pauses until it is said how to go on. */
        private boolean goesOn() throws InterruptedException {
            say(members("call", command.get("call"), "paused", true, "taken", taken));
            return orders.take().equals("resume");
        }

        private long loop() throws IOException {
            long count = (Long) command.get("count");
            if (command.get("of").equals("bare")) {
                return BareLoop.nanoseconds(count);
            }
            long begin = System.nanoTime();
            for (long done = 0; done < count; done++) {
                client.ping();
            }
            return System.nanoTime() - begin;
        }
    }

    // As JSON

    private static Map<String, Object> described(Attributes answer, boolean isPartial) {
        List<Object> errors = answer.errorList().isEmpty() ? null : Errors.described(answer.errorList());
        List<Object> users = new ArrayList<>();
        answer.userAttrs().forEach(user -> users.add(described(user)));
        List<Object> failed = isPartial ? new ArrayList<>() : null;
        answer.failed().forEach(account -> failed.add(Errors.described(account)));
        return members("UserAttrs", users, "missing", answer.missing(), "ErrorList", errors, "failed", failed);
    }

    private static Map<String, Object> described(User user) {
        AccountError error = user.error();
        return members("To_Account", user.account(), "Attrs", user.attrs(),
                "ErrorCode", error == null ? null : error.errorCode(), "ErrorInfo", error == null ? null : error.errorInfo());
    }
}
