package imattr;

import static imattr.Testing.await;
import static imattr.Testing.begin;
import static imattr.Testing.check;
import static imattr.Testing.contains;
import static imattr.Testing.names;
import static imattr.Testing.same;
import static imattr.Testing.test;
import static imattr.Testing.thrown;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import java.util.stream.Stream;

final class StreamTests {
    private StreamTests() {}

    static void run() {
        test("a stream yields each account once", () -> {
            try (FakeDaemon daemon = new FakeDaemon(FakeDaemon::echo); IMAttrClient client = daemon.client()) {
                List<String> accounts = names("u", 5001);
                Set<String> yielded = new HashSet<>();
                try (UserStream users = client.stream(accounts)) {
                    for (User user : users) {
                        check(yielded.add(user.account()), user + " twice");
                        same(user.account(), user.attrs().get("account"));
                    }
                }
                same(new HashSet<>(accounts), yielded);
                same(1, daemon.connections.get());
            }
        });
        test("nothing is read ahead but what is in flight, and nothing of a consumer that has stopped", () -> {
            AtomicInteger taken = new AtomicInteger();
            CountDownLatch hasStopped = new CountDownLatch(1);
            try (FakeDaemon daemon = new FakeDaemon(peer -> {
                List<JsonObject> first = peer.next(3);
                for (JsonObject request : first) {
                    peer.echo(request);
                }
                hasStopped.await();
                check(!peer.hasMore(), "more was asked for");
                FakeDaemon.echo(peer);
            }); IMAttrClient client = daemon.client()) {
                CallOptions options = CallOptions.DEFAULT.withBatch(10).withInFlight(3);
                try (UserStream users = client.stream(counted(1000, taken), options)) {
                    Iterator<User> iterator = users.iterator();
                    same(0, taken.get());
                    for (int yielded = 0; yielded < 10; yielded++) {
                        iterator.next();
                        same(30, taken.get());
                    }
                    hasStopped.countDown();
                    int rest = 0;
                    for (; iterator.hasNext(); rest++) {
                        iterator.next();
                    }
                    same(990, rest);
                    thrown(NoSuchElementException.class, iterator::next);
                }
            }
        });
        test("leaving a stream withdraws what is in flight", () -> {
            try (FakeDaemon daemon = new FakeDaemon(peer -> {
                List<JsonObject> requests = peer.next(4);
                peer.echo(requests.get(0));
                Set<Object> withdrawn = new HashSet<>();
                for (JsonObject notification : peer.next(3)) {
                    withdrawn.add(((Map<?, ?>) notification.get("params")).get("id"));
                }
                same(Set.of(requests.get(1).get("id"), requests.get(2).get("id"), requests.get(3).get("id")), withdrawn);
                FakeDaemon.echo(peer);
            }); IMAttrClient client = daemon.client()) {
                try (UserStream users = client.stream(names("u", 100), CallOptions.DEFAULT.withBatch(5).withInFlight(4))) {
                    same("u0", users.iterator().next().account());
                }
                client.ping();
                same(1, daemon.connections.get());
            }
        });
        test("what is answered before an error is yielded, and the error ends it", () -> {
            try (FakeDaemon daemon = new FakeDaemon(peer -> {
                List<JsonObject> requests = peer.next(2);
                peer.echo(requests.get(1));
                peer.refuse(requests.get(0), -32000, "no", Map.of());
                FakeDaemon.echo(peer);
            }); IMAttrClient client = daemon.client();
                    UserStream users = client.stream(names("u", 4), CallOptions.DEFAULT.withBatch(2))) {
                Iterator<User> iterator = users.iterator();
                same("u2", iterator.next().account());
                same("u3", iterator.next().account());
                same(-32000L, thrown(RefusedException.class, iterator::hasNext).code());
                check(!iterator.hasNext(), "it goes on");
            }
        });
        test("missing accounts come last, with what was said of them", () -> {
            String result = "{\"UserAttrs\":[{\"To_Account\":\"c\",\"Attrs\":{}}],\"missing\":[\"a\",\"b\"],"
                    + "\"ErrorList\":[{\"To_Account\":\"b\",\"ErrorCode\":7,\"ErrorInfo\":\"gone\"}]}";
            try (FakeDaemon daemon = new FakeDaemon(peer -> peer.answer(peer.next(), Json.parse(result)));
                    IMAttrClient client = daemon.client();
                    UserStream users = client.stream(List.of("a", "b", "c"))) {
                List<String> told = new ArrayList<>();
                users.forEach(user -> told.add(user.toString()));
                same(List.of("c {}", "a is missing", "b is missing: gone"), told);
            }
        });
        test("a wrong account ends a stream with its index", () -> {
            CallOptions options = CallOptions.DEFAULT.withBatch(1).withInFlight(1);
            try (FakeDaemon daemon = new FakeDaemon(FakeDaemon::echo); IMAttrClient client = daemon.client();
                    UserStream users = client.stream(Stream.of("a", "b", "")::iterator, options)) {
                Iterator<User> iterator = users.iterator();
                same("a", iterator.next().account());
                same("b", iterator.next().account());
                contains("accounts[2]", thrown(ArgumentException.class, iterator::hasNext).getMessage());
            }
        });
        test("what the source throws goes to the caller, and ends the stream", () -> {
            try (FakeDaemon daemon = new FakeDaemon(FakeDaemon::echo); IMAttrClient client = daemon.client()) {
                Iterable<String> source = IntStream.range(0, 10).mapToObj(number -> "u" + 6 / (3 - number))::iterator;
                try (UserStream users = client.stream(source, CallOptions.DEFAULT.withBatch(2).withInFlight(8))) {
                    thrown(ArithmeticException.class, () -> users.forEach(user -> {}));
                }
                client.ping();
                same(1, daemon.connections.get());
            }
        });
        test("calls can be made within a stream, and streams within streams", () -> {
            try (FakeDaemon daemon = new FakeDaemon(FakeDaemon::echo); IMAttrClient client = daemon.client()) {
                int inner = 0;
                try (UserStream users = client.stream(names("u", 30), CallOptions.DEFAULT.withBatch(3))) {
                    for (User user : users) {
                        same(user.account(), client.getAttrs(user.account()).userAttrs().get(0).account());
                        try (UserStream more = client.stream(names("v", 3))) {
                            for (User other : more) {
                                inner += other.isMissing() ? 0 : 1;
                            }
                        }
                    }
                }
                same(90, inner);
            }
        });
        test("a slow consumer is not late", () -> {
            CallOptions options = CallOptions.DEFAULT.withTimeout(Duration.ofMillis(500)).withBatch(1).withInFlight(2);
            try (FakeDaemon daemon = new FakeDaemon(peer -> {
                List<JsonObject> requests = peer.next(2);
                peer.echo(requests.get(0));
                JsonObject third = peer.next(); // which comes when the consumer is back
                Thread.sleep(100); // and it waits again
                peer.echo(requests.get(1));
                peer.echo(third);
                FakeDaemon.echo(peer);
            }); IMAttrClient client = daemon.client(); UserStream users = client.stream(names("u", 4), options)) {
                int yielded = 0;
                for (User user : users) {
                    Thread.sleep(yielded++ == 0 ? 1600 : 0); // longer than the timeout and its second
                }
                same(4, yielded);
            }
        });
        test("closing a stream ends the thread that waits for it", () -> {
            CountDownLatch asked = new CountDownLatch(1);
            try (FakeDaemon daemon = new FakeDaemon(peer -> {
                peer.next();
                asked.countDown();
                FakeDaemon.echo(peer);
            }); IMAttrClient client = daemon.client(); UserStream users = client.stream(List.of("a"))) {
                Future<CancelledException> reading =
                        begin(() -> thrown(CancelledException.class, () -> users.forEach(user -> {})));
                asked.await();
                closeNow(users);
                contains("the stream was closed", await(reading).getMessage());
                client.ping();
            }
        });
        test("a stream is iterated once", () -> {
            try (IMAttrClient client = new IMAttrClient(); UserStream users = client.stream(List.of())) {
                check(!users.iterator().hasNext(), "it has users");
                thrown(IllegalStateException.class, users::iterator);
            }
        });
        test("a million accounts in bounded memory", () -> {
            AtomicInteger taken = new AtomicInteger();
            try (FakeDaemon daemon = new FakeDaemon(FakeDaemon::echo); IMAttrClient client = daemon.client();
                    UserStream users = client.stream(counted(1_000_000, taken), CallOptions.DEFAULT.withInFlight(4))) {
                long yielded = 0;
                for (User user : users) {
                    yielded += user.isMissing() ? 0 : 1;
                }
                same(1_000_000L, yielded);
            }
        });
    }

    private static void closeNow(AutoCloseable resource) throws Exception {
        resource.close();
    }

    /** So many accounts, made as they are asked for. */
    private static Iterable<String> counted(int count, AtomicInteger taken) {
        return () -> IntStream.range(0, count).mapToObj(number -> "u" + taken.getAndIncrement()).iterator();
    }
}
