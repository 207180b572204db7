package imattr;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** What the tests are written with. Each test runs in a thread of its own, and has a minute. */
final class Testing {
    private static final ExecutorService THREADS = Executors.newCachedThreadPool(task -> {
        Thread thread = new Thread(task);
        thread.setDaemon(true);
        return thread;
    });
    private static int passed;
    private static int failed;

    private Testing() {}

    interface Body {
        void run() throws Exception;
    }

    /** Runs all tests. The last line says how many passed. */
    public static void main(String[] arguments) {
        JsonTests.run();
        ValueTests.run();
        CallTests.run();
        ThreadTests.run();
        ConnectionTests.run();
        StreamTests.run();
        RealDaemonTests.run();
        System.out.println(failed == 0 ? "passed " + passed : "failed " + failed + " of " + (passed + failed));
        System.exit(failed == 0 && passed > 0 ? 0 : 1);
    }

    /** Runs a test and says how it went. */
    static void test(String name, Body body) {
        try {
            await(begin(body));
            passed++;
            System.out.println("ok - " + name);
        } catch (Throwable error) {
            failed++;
            System.out.println("not ok - " + name);
            error.printStackTrace(System.out);
        }
    }

    /** Runs something beside the rest. */
    static <T> Future<T> begin(Callable<T> task) {
        return THREADS.submit(task);
    }

    static Future<Void> begin(Body body) {
        return begin(() -> {
            body.run();
            return null;
        });
    }

    /** What came of it. */
    static <T> T await(Future<T> future) throws Exception {
        try {
            return future.get(1, TimeUnit.MINUTES);
        } catch (ExecutionException failure) {
            if (failure.getCause() instanceof Exception cause) {
                throw cause;
            }
            throw new AssertionError("a thread failed", failure.getCause());
        } catch (TimeoutException late) {
            Thread.getAllStackTraces().forEach((thread, stack) -> System.out.println(thread + " " + List.of(stack)));
            throw new AssertionError("it hangs");
        }
    }

    static <T> void awaitAll(List<Future<T>> futures) throws Exception {
        for (Future<T> future : futures) {
            await(future);
        }
    }

    static void same(Object expected, Object actual) {
        if (!Objects.equals(expected, actual)) {
            throw new AssertionError("expected " + expected + ", got " + actual);
        }
    }

    static void check(boolean isRight, String what) {
        if (!isRight) {
            throw new AssertionError(what);
        }
    }

    static void contains(String part, String text) {
        check(text.contains(part), "expected " + part + " in " + text);
    }

    /** What the body throws, which must be of that class. */
    static <E extends Throwable> E thrown(Class<E> kind, Body body) {
        try {
            body.run();
        } catch (Throwable error) {
            if (kind.isInstance(error)) {
                return kind.cast(error);
            }
            throw new AssertionError("expected " + kind.getName(), error);
        }
        throw new AssertionError("expected " + kind.getName() + ", got nothing");
    }

    /** Accounts PREFIX0, PREFIX1, … */
    static List<String> names(String prefix, int count) {
        List<String> names = new ArrayList<>(count);
        for (int number = 0; number < count; number++) {
            names.add(prefix + number);
        }
        return names;
    }
}
