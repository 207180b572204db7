package imattr;

import static imattr.Testing.awaitAll;
import static imattr.Testing.begin;
import static imattr.Testing.check;
import static imattr.Testing.names;
import static imattr.Testing.same;
import static imattr.Testing.test;
import static imattr.Testing.thrown;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Future;

/** With the daemon at IMATTRD_SOCKET. */
final class RealDaemonTests {
    private RealDaemonTests() {}

    static void run() {
        test("a real daemon answers", () -> {
            try (IMAttrClient client = new IMAttrClient()) {
                Attributes answer = client.getAttrs("Zhang Xiaohong", "abc", "Zhang Xiaohong");
                same("[Zhang Xiaohong {\"sex\":\"Female\",\"city\":\"New York\"}, abc {}]", answer.userAttrs().toString());
                same(List.of(), answer.missing());
                client.ping();
                Status status = client.getStatus();
                same(List.of("ready", IMAttrClient.VERSION), List.of(status.state(), status.version()));
                check(status.limiter().rateLimit() > 0 && status.requests().get("ping") > 0, status.toString());
                same(status.pid(), status.json().get("pid"));
                same("pong", client.call("ping", Map.of()));
            }
        });
        test("a real daemon refuses", () -> {
            try (IMAttrClient client = new IMAttrClient()) {
                RefusedException error = thrown(RefusedException.class, () -> client.call("nonsense", null));
                same(-32601L, error.code());
                same("daemon", error.source().orElseThrow());
                check(!error.isRetryable(), "retryable");
                Map<String, Object> params = Map.of("To_Account", List.of("a", ""));
                RefusedException wrong = thrown(RefusedException.class, () -> client.call("getAttrs", params));
                same("To_Account[1]", wrong.path().orElseThrow());
            }
        });
        test("a real daemon and many threads", () -> {
            try (IMAttrClient client = new IMAttrClient()) {
                List<Future<Void>> threads = new ArrayList<>();
                for (int thread = 0; thread < 50; thread++) {
                    List<String> accounts = names("thread " + thread + ", ", 3);
                    threads.add(begin(() -> {
                        Attributes answer = client.getAttrs(accounts);
                        List<String> told = new ArrayList<>(answer.userAttrs().stream().map(User::account).toList());
                        told.addAll(answer.missing());
                        same(accounts, told);
                    }));
                }
                awaitAll(threads);
            }
        });
        test("a real daemon and a stream", () -> {
            try (IMAttrClient client = new IMAttrClient(); UserStream users = client.stream(names("s", 1234))) {
                int yielded = 0;
                for (User user : users) {
                    check(user.account().startsWith("s"), user.toString());
                    yielded++;
                }
                same(1234, yielded);
            }
        });
    }
}
