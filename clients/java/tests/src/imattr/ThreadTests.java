package imattr;

import static imattr.Testing.await;
import static imattr.Testing.awaitAll;
import static imattr.Testing.begin;
import static imattr.Testing.check;
import static imattr.Testing.contains;
import static imattr.Testing.same;
import static imattr.Testing.test;
import static imattr.Testing.thrown;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Future;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicInteger;

final class ThreadTests {
    private ThreadTests() {}

    static void run() {
        test("many threads share a connection, and each gets its own answer", () -> {
            try (FakeDaemon daemon = new FakeDaemon(ThreadTests::answerInDisorder); IMAttrClient client = daemon.client()) {
                List<Future<Void>> threads = new ArrayList<>();
                for (int thread = 0; thread < 100; thread++) {
                    String name = thread + " of ";
                    threads.add(begin(() -> {
                        for (int call = 0; call < 20; call++) {
                            same(name + call, client.getAttrs(name + call).userAttrs().get(0).attrs().get("account"));
                        }
                    }));
                }
                awaitAll(threads);
                same(1, daemon.connections.get());
            }
        });
        test("threads that are interrupted at any moment do the others no harm", () -> {
            AtomicInteger answered = new AtomicInteger();
            AtomicInteger cancelled = new AtomicInteger();
            try (FakeDaemon daemon = new FakeDaemon(ThreadTests::answerInDisorder); IMAttrClient client = daemon.client()) {
                List<Future<Void>> threads = new ArrayList<>();
                for (int thread = 0; thread < 50; thread++) {
                    String name = thread + " of ";
                    threads.add(begin(() -> callAndInterrupt(client, name, answered, cancelled)));
                }
                awaitAll(threads);
                same(1, daemon.connections.get());
            }
            same(2000, answered.get() + cancelled.get());
            check(answered.get() >= 1000, answered + " answered, " + cancelled + " cancelled");
        });
        test("an interrupted thread stays interrupted, and its request is withdrawn", () -> {
            CountDownLatch asked = new CountDownLatch(1);
            try (FakeDaemon daemon = new FakeDaemon(peer -> {
                JsonObject request = peer.next();
                asked.countDown();
                JsonObject withdrawal = peer.next();
                same("$/cancelRequest", withdrawal.get("method"));
                same(Map.of("id", request.get("id")), withdrawal.get("params"));
                peer.refuse(request, -32800, "cancelled", Map.of());
                FakeDaemon.echo(peer);
            }); IMAttrClient client = daemon.client()) {
                CountDownLatch started = new CountDownLatch(1);
                Thread[] thread = new Thread[1];
                Future<Void> call = begin(() -> {
                    thread[0] = Thread.currentThread();
                    started.countDown();
                    contains("interrupted", thrown(CancelledException.class, client::ping).getMessage());
                    check(Thread.currentThread().isInterrupted(), "the thread is not interrupted any more");
                    thrown(CancelledException.class, client::ping); // and sends nothing
                    check(Thread.interrupted(), "it is not");
                });
                asked.await();
                started.await();
                thread[0].interrupt();
                await(call);
                client.ping();
                same(1, daemon.connections.get());
            }
        });
        test("closing ends what waits, and later calls", () -> {
            CountDownLatch asked = new CountDownLatch(8);
            try (FakeDaemon daemon = new FakeDaemon(peer -> {
                while (peer.next() != null) {
                    asked.countDown();
                }
            })) {
                IMAttrClient client = daemon.client();
                List<Future<CancelledException>> calls = new ArrayList<>();
                for (int call = 0; call < 8; call++) {
                    calls.add(begin(() -> thrown(CancelledException.class, client::ping)));
                }
                asked.await();
                client.close();
                for (Future<CancelledException> call : calls) {
                    contains("the client was closed", await(call).getMessage());
                }
                thrown(CancelledException.class, client::ping);
                client.close();
            }
        });
        test("a caller that waits takes over the reading from one that is done", () -> {
            // The first call reads; it is answered first, and the second must go on by itself.
            CountDownLatch asked = new CountDownLatch(2);
            CountDownLatch firstIsDone = new CountDownLatch(1);
            try (FakeDaemon daemon = new FakeDaemon(peer -> {
                JsonObject first = peer.next();
                asked.countDown();
                JsonObject second = peer.next();
                asked.countDown();
                peer.echo(first);
                firstIsDone.await();
                peer.echo(second);
            }); IMAttrClient client = daemon.client()) {
                Future<Void> first = begin(() -> client.ping());
                while (asked.getCount() == 2) {
                    Thread.onSpinWait();
                }
                Future<Void> second = begin(() -> client.ping());
                asked.await();
                await(first);
                firstIsDone.countDown();
                await(second);
            }
        });
        test("a client leaves no thread behind", () -> {
            int before = Thread.activeCount();
            try (FakeDaemon daemon = new FakeDaemon(FakeDaemon::echo); IMAttrClient client = daemon.client()) {
                client.ping();
                check(Thread.activeCount() <= before + 2, "more than the two of the daemon");
            }
        });
    }

    /** Some at once, some after others that came later. */
    private static void answerInDisorder(FakeDaemon.Peer peer) throws Exception {
        List<JsonObject> waiting = new ArrayList<>();
        for (JsonObject request = peer.next(); request != null; request = peer.next()) {
            if (request.containsKey("id")) {
                waiting.add(request);
            }
            // Nobody may be left waiting, so the one that came last is sometimes answered last, but all of them are.
            while (waiting.size() > 3 || !waiting.isEmpty() && !peer.hasMore()) {
                peer.echo(waiting.remove(ThreadLocalRandom.current().nextInt(waiting.size())));
            }
        }
    }

    private static void callAndInterrupt(IMAttrClient client, String name, AtomicInteger answered, AtomicInteger cancelled)
            throws Exception {
        for (int call = 0; call < 40; call++) {
            Thread caller = Thread.currentThread();
            Future<Void> interruption = call % 2 == 0 ? null : begin(() -> {
                for (int turn = ThreadLocalRandom.current().nextInt(3000); turn > 0; turn--) {
                    Thread.onSpinWait();
                }
                caller.interrupt();
            });
            try {
                same(name + call, client.getAttrs(name + call).userAttrs().get(0).account());
                answered.incrementAndGet();
            } catch (CancelledException gaveUp) {
                check(interruption != null, "nobody interrupted it");
                cancelled.incrementAndGet();
            }
            while (interruption != null && !interruption.isDone()) {
                Thread.onSpinWait(); // waiting would end by the interruption
            }
            Thread.interrupted();
        }
    }
}
