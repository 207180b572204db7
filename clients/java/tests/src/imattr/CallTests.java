package imattr;

import static imattr.Testing.check;
import static imattr.Testing.contains;
import static imattr.Testing.names;
import static imattr.Testing.same;
import static imattr.Testing.test;
import static imattr.Testing.thrown;

import java.math.BigInteger;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;

final class CallTests {
    private CallTests() {}

    static void run() {
        test("calls use one connection, and ids that differ", () -> {
            Set<Object> ids = new HashSet<>();
            try (FakeDaemon daemon = new FakeDaemon(peer -> {
                for (JsonObject request = peer.next(); request != null; request = peer.next()) {
                    check(ids.add(request.get("id")), "an id twice");
                    peer.answer(request, ids.size());
                }
            }); IMAttrClient client = daemon.client()) {
                for (long number = 1; number <= 100; number++) {
                    same(number, client.call("count", null));
                }
                same(1, daemon.connections.get());
            }
        });
        test("many accounts go in requests of 500, 32 in flight, and come back in order", () -> {
            List<String> accounts = names("x".repeat(200), 20_000); // neither end can write them all at once
            try (FakeDaemon daemon = new FakeDaemon(peer -> {
                List<JsonObject> waiting = new ArrayList<>(peer.next(32));
                for (int left = 8; !waiting.isEmpty();) {
                    JsonObject request = waiting.remove(waiting.size() - 1);
                    same(500, FakeDaemon.accounts(request).size());
                    peer.echo(request);
                    if (left-- > 0) {
                        waiting.addAll(peer.next(1));
                    }
                }
                same(null, peer.next());
            }); IMAttrClient client = daemon.client()) {
                List<String> twice = new ArrayList<>(accounts);
                twice.add(accounts.get(0));
                List<User> users = client.getAttrs(twice).userAttrs();
                same(accounts, users.stream().map(User::account).toList());
                same(accounts.get(7), users.get(7).attrs().get("account"));
            }
        });
        test("accounts that only look the same are not the same", () -> {
            try (FakeDaemon daemon = new FakeDaemon(FakeDaemon::echo); IMAttrClient client = daemon.client()) {
                List<String> accounts = List.of("é", "e\u0301", "E", "e", "1", "01", " 1");
                same(accounts, client.getAttrs(accounts).userAttrs().stream().map(User::account).toList());
            }
        });
        test("no account is no request, and a wrong one is none either", () -> {
            try (FakeDaemon daemon = new FakeDaemon(FakeDaemon::echo); IMAttrClient client = daemon.client()) {
                same(new Attributes(List.of(), List.of(), List.of(), List.of()), client.getAttrs());
                List<String> accounts = names("a", 600);
                accounts.set(555, "");
                ArgumentException wrong = thrown(ArgumentException.class, () -> client.getAttrs(accounts));
                contains("accounts[555] is empty", wrong.getMessage());
                contains("params", thrown(ArgumentException.class, () -> client.call("m", new Object())).getMessage());
                same(0, daemon.connections.get());
            }
        });
        test("missing accounts and what was said of them", () -> {
            String result = "{\"UserAttrs\":[],\"missing\":[\"a\",\"b\"],"
                    + "\"ErrorList\":[{\"To_Account\":\"b\",\"ErrorCode\":70107,\"ErrorInfo\":\"no such account\",\"more\":1}],\"more\":2}";
            try (FakeDaemon daemon = new FakeDaemon(peer -> peer.answer(peer.next(), Json.parse(result)));
                    IMAttrClient client = daemon.client()) {
                Attributes answer = client.getAttrs("a", "b");
                same(List.of("a", "b"), answer.missing());
                same(List.of(new AccountError("b", 70107L, "no such account")), answer.errorList());
                thrown(UnsupportedOperationException.class, () -> answer.missing().add("c"));
            }
        });
        test("an error of the daemon's says all that the daemon said", () -> {
            Map<String, Object> data = Map.of("source", "upstream", "retryable", true, "retryAfterMs", 1500, "attempts", 3,
                    "failed", List.of(Map.of("To_Account", "a", "ErrorCode", 1)), "clockSkewSeconds", -7,
                    "limit", new BigInteger("9".repeat(30)));
            try (FakeDaemon daemon = new FakeDaemon(peer -> peer.refuse(peer.next(), 70169, "try later", data));
                    IMAttrClient client = daemon.client()) {
                RefusedException error = thrown(RefusedException.class, () -> client.getAttrs("a"));
                same("try later (70169)", error.getMessage());
                same(70169L, error.code());
                check(error.isRetryable(), "retryable");
                same(Duration.ofMillis(1500), error.retryAfter().orElseThrow());
                same("upstream", error.source().orElseThrow());
                same(OptionalLong.of(3), error.attempts());
                same(OptionalLong.of(-7), error.clockSkewSeconds());
                same(OptionalLong.empty(), error.limit());
                same(new BigInteger("9".repeat(30)), error.data().get("limit"));
                same(List.of(new AccountError("a", 1L, null)), error.failed());
                check(error.path().isEmpty(), "path");
                contains("imattr.CallTests", List.of(error.getStackTrace()).toString());
            }
        });
        test("nobody there is told with path and error", () -> {
            FakeDaemon daemon = new FakeDaemon(FakeDaemon::echo);
            daemon.close();
            UnreachableException error = thrown(UnreachableException.class, () -> daemon.client().ping());
            same(daemon.path.toString(), error.path());
            same("ENOENT", error.errno());
            contains("is imattrd running?", error.getMessage());
            check(!error.isRetryable(), "retryable");
            IMAttrClient deep = new IMAttrClient(daemon.path.resolve("x".repeat(200)));
            same("ENAMETOOLONG", thrown(UnreachableException.class, deep::ping).errno());
        });
        test("a deadline passes with a daemon that says nothing, and the request is withdrawn", () -> {
            try (FakeDaemon daemon = new FakeDaemon(peer -> {
                JsonObject request = peer.next();
                same(Map.of("id", request.get("id")), peer.next().get("params"));
            }); IMAttrClient client = daemon.client()) {
                CallOptions options = CallOptions.DEFAULT.withTimeout(Duration.ofMillis(50));
                DeadlineException error = thrown(DeadlineException.class, () -> client.ping(options));
                contains("50 ms", error.getMessage());
                check(error.isRetryable(), "retryable");
            }
        });
        test("the daemon's word that it is too late is the deadline error", () -> {
            Map<String, Object> data = Map.of("source", "daemon", "retryable", true, "retryAfterMs", 70, "fetched", 2);
            try (FakeDaemon daemon = new FakeDaemon(peer -> {
                for (JsonObject request = peer.next(); request != null; request = peer.next()) {
                    peer.refuse(request, -32001, "too late", data);
                }
            }); IMAttrClient client = daemon.client()) {
                for (Testing.Body call : List.<Testing.Body>of(() -> client.getAttrs("a"), client::ping,
                        () -> client.stream(List.of("a")).iterator().next())) {
                    DeadlineException error = thrown(DeadlineException.class, call);
                    RefusedException answer = error.answer().orElseThrow();
                    same(List.of(-32001L, "too late"), List.of(answer.code(), answer.reason()));
                    same(OptionalLong.of(2), answer.fetched());
                    check(error.isRetryable(), "retryable");
                    contains("too late", error.getMessage());
                }
            }
        });
        test("a partial answer lists what failed", () -> {
            Object result = Json.parse("{\"UserAttrs\":[{\"To_Account\":\"a\",\"Attrs\":{}}],\"missing\":[\"b\"],\"failed\":["
                    + "{\"To_Account\":\"c\",\"code\":90003,\"message\":\"m\",\"retryable\":true,\"ErrorInfo\":\"i\","
                    + "\"retryAfterMs\":1500,\"callId\":\"7\"}]}");
            FailedAccount failed = new FailedAccount("c", 90003, "m", true, "i", Duration.ofMillis(1500), "7");
            try (FakeDaemon daemon = new FakeDaemon(peer -> {
                for (JsonObject request = peer.next(); request != null; request = peer.next()) {
                    same(true, ((Map<?, ?>) request.get("params")).get("partial"));
                    peer.answer(request, result);
                }
            }); IMAttrClient client = daemon.client()) {
                CallOptions options = CallOptions.DEFAULT.withPartial(true);
                Attributes answer = client.getAttrs(List.of("a", "b", "c"), options);
                same(List.of(failed), answer.failed());
                same(1, answer.userAttrs().size());
                List<User> users = new ArrayList<>();
                client.stream(List.of("a", "b", "c"), options).forEach(users::add);
                same(List.of("a {}", "b is missing", "c failed: m (90003)"), users.stream().map(User::toString).toList());
                same(failed, users.get(2).failure());
                check(users.get(2).isFailed() && !users.get(2).isMissing() && !users.get(1).isFailed(), "kinds");
            }
        });
        test("what is null or not understood is an argument error that names it", () -> {
            IMAttrClient client = new IMAttrClient("/nonexistent/imattrd.sock");
            List<String> withNull = new ArrayList<>(List.of("a"));
            withNull.add(null);
            Map<String, Testing.Body> wrong = new LinkedHashMap<>();
            wrong.put("accounts is null", () -> client.getAttrs((List<String>) null));
            wrong.put("accounts[1] is null", () -> client.getAttrs(withNull));
            wrong.put("accounts[0] is null", () -> client.getAttrs((String) null));
            wrong.put("options is null", () -> client.getAttrs(List.of("a"), null));
            wrong.put("method is null", () -> client.call(null, null));
            wrong.put("timeout: null", () -> CallOptions.DEFAULT.withTimeout(null));
            wrong.put("maxAge: null", () -> CallOptions.DEFAULT.withMaxAge(null));
            wrong.put("batch: 10001", () -> CallOptions.DEFAULT.withBatch(10_001));
            wrong.put("socket is null", () -> new IMAttrClient((String) null));
            wrong.put("socket is empty", () -> new IMAttrClient(""));
            wrong.put("socket: ", () -> new IMAttrClient("a\0b"));
            wrong.forEach((part, body) -> contains(part, thrown(ArgumentException.class, body).getMessage()));
            contains("accounts is null", thrown(ArgumentException.class, () -> client.stream(null)).getMessage());
            contains("options is null", thrown(ArgumentException.class, () -> client.stream(List.of(), null)).getMessage());
            contains("/nonexistent/imattrd.sock", thrown(UnreachableException.class, client::ping).getMessage());
        });
        test("something else that listens there is told, and the next call has a new connection", () -> {
            List<String> lines = List.of(
                    "HTTP/1.1 400 Bad Request\r\n", "{}\n", "{\"jsonrpc\":\"2.0\",\"id\":ID,\"result\":{}}\n", "\u0000\n");
            for (String line : lines) {
                try (FakeDaemon daemon = new FakeDaemon(peer -> {
                    peer.send(line.replace("ID", peer.next().get("id").toString()));
                    same(null, peer.next());
                }); IMAttrClient client = daemon.client()) {
                    for (int connection = 1; connection <= 3; connection++) {
                        ProtocolException error = thrown(ProtocolException.class, () -> client.getAttrs("a"));
                        contains("is not imattrd", error.getMessage());
                        same(connection, daemon.connections.get());
                    }
                }
            }
        });
        test("ping and getStatus want their own answers", () -> {
            try (FakeDaemon daemon = new FakeDaemon(peer -> peer.answer(peer.next(), 7)); IMAttrClient client = daemon.client()) {
                contains("ping", thrown(ProtocolException.class, client::ping).getMessage());
                contains("getStatus", thrown(ProtocolException.class, client::getStatus).getMessage());
            }
        });
    }
}
