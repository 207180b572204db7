package imattr;

import static imattr.Testing.await;
import static imattr.Testing.awaitAll;
import static imattr.Testing.begin;
import static imattr.Testing.check;
import static imattr.Testing.contains;
import static imattr.Testing.same;
import static imattr.Testing.test;
import static imattr.Testing.thrown;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Future;
import java.util.concurrent.ThreadLocalRandom;

final class ConnectionTests {
    private ConnectionTests() {}

    static void run() {
        test("connections that end at any moment, within lines too, are not noticed", () -> {
            try (FakeDaemon daemon = new FakeDaemon(ConnectionTests::answerSome); IMAttrClient client = daemon.client()) {
                List<Future<Void>> threads = new ArrayList<>();
                for (int thread = 0; thread < 16; thread++) {
                    String name = thread + " of ";
                    threads.add(begin(() -> {
                        for (int call = 0; call < 50; call++) {
                            same(name + call, client.getAttrs(name + call).userAttrs().get(0).attrs().get("account"));
                        }
                    }));
                }
                awaitAll(threads);
                check(daemon.connections.get() > 10, daemon.connections + " connections");
            }
        });
        test("a daemon that stops refuses one, answers the other, and only the first is repeated", () -> {
            List<Object> secondTime = new ArrayList<>();
            CountDownLatch isRepeated = new CountDownLatch(1);
            FakeDaemon.Part stopping = peer -> {
                List<JsonObject> requests = peer.next(2);
                requests.sort((one, other) -> one.toString().contains("\"drained\"") ? 1 : -1);
                peer.refuse(requests.get(0), -32004, "stopping", Map.of("retryable", true, "retryAfterMs", 1));
                isRepeated.await();
                peer.echo(requests.get(1));
            };
            FakeDaemon.Part next = peer -> {
                JsonObject request = peer.next();
                secondTime.addAll(FakeDaemon.accounts(request));
                isRepeated.countDown();
                peer.echo(request);
            };
            boolean[] isFirst = {true};
            try (FakeDaemon daemon = new FakeDaemon(peer -> {
                FakeDaemon.Part part = isFirst[0] ? stopping : next;
                isFirst[0] = false;
                part.play(peer);
            }); IMAttrClient client = daemon.client()) {
                Future<Attributes> refused = begin(() -> client.getAttrs("refused"));
                Future<Attributes> drained = begin(() -> client.getAttrs("drained"));
                same("refused", await(refused).userAttrs().get(0).account());
                same("drained", await(drained).userAttrs().get(0).account());
                same(List.of("refused"), secondTime);
            }
        });
        test("a daemon that comes back in time is waited for", () -> {
            try (FakeDaemon daemon = new FakeDaemon(peer -> peer.echo(peer.next())); IMAttrClient client = daemon.client()) {
                client.ping();
                daemon.vanish();
                CountDownLatch begun = new CountDownLatch(1);
                Future<Void> call = begin(() -> {
                    begun.countDown();
                    client.ping();
                });
                begun.await();
                daemon.listen(FakeDaemon::echo);
                await(call);
            }
        });
        test("a daemon that does not come back is lost, and what was met last is told", () -> {
            try (FakeDaemon daemon = new FakeDaemon(peer -> peer.echo(peer.next())); IMAttrClient client = daemon.client()) {
                client.ping();
                daemon.vanish();
                CallOptions options = CallOptions.DEFAULT.withTimeout(Duration.ofMillis(200));
                ConnectionLostException error = thrown(ConnectionLostException.class, () -> client.ping(options));
                contains(daemon.path.toString(), error.getMessage());
                check(error.isRetryable() && error.getCause() != null, "not retryable, or without cause");
            }
        });
        test("an interruption ends the waiting for a daemon", () -> {
            try (FakeDaemon daemon = new FakeDaemon(peer -> peer.echo(peer.next())); IMAttrClient client = daemon.client()) {
                client.ping();
                daemon.vanish();
                Thread[] thread = new Thread[1];
                CountDownLatch begun = new CountDownLatch(1);
                Future<Void> call = begin(() -> {
                    thread[0] = Thread.currentThread();
                    begun.countDown();
                    thrown(CancelledException.class, client::ping);
                    Thread.interrupted();
                });
                begun.await();
                thread[0].interrupt();
                await(call);
            }
        });
        test("a refusal for all is for all that are in flight, and the next call has a new connection", () -> {
            boolean[] isFirst = {true};
            try (FakeDaemon daemon = new FakeDaemon(peer -> {
                if (!isFirst[0]) {
                    FakeDaemon.echo(peer);
                    return;
                }
                isFirst[0] = false;
                peer.next(5);
                peer.send("{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32000,\"message\":\"too many\"}}\n");
            }); IMAttrClient client = daemon.client()) {
                List<Future<RefusedException>> calls = new ArrayList<>();
                for (int call = 0; call < 5; call++) {
                    calls.add(begin(() -> thrown(RefusedException.class, client::ping)));
                }
                for (Future<RefusedException> call : calls) {
                    same(-32000L, await(call).code());
                }
                client.ping();
            }
        });
        test("descriptors are not left open", () -> {
            try (FakeDaemon daemon = new FakeDaemon(peer -> peer.echo(peer.next()))) {
                long before = 0;
                for (int round = 0; round < 200; round++) {
                    try (IMAttrClient client = daemon.client()) {
                        client.ping();
                        client.ping(); // on another connection
                    }
                    before = round == 20 ? openFiles() : before;
                }
                long after = openFiles();
                check(after < before + 20, before + " open files became " + after);
            }
        });
    }

    /** Answers up to 20 requests, then a part of one. */
    private static void answerSome(FakeDaemon.Peer peer) throws Exception {
        int left = 1 + ThreadLocalRandom.current().nextInt(20);
        for (JsonObject request = peer.next(); request != null; request = peer.next()) {
            if (left-- == 0) {
                String line = "{\"jsonrpc\":\"2.0\",\"id\":" + request.get("id") + ",\"result\":{\"UserAttrs\":[]";
                peer.send(line.substring(0, ThreadLocalRandom.current().nextInt(line.length())));
                return;
            }
            peer.echo(request);
        }
    }

    private static long openFiles() {
        return new java.io.File("/proc/self/fd").list().length;
    }
}
