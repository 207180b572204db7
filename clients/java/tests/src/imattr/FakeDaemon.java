package imattr;

import java.io.BufferedReader;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;

/** A daemon whose part the test plays, each connection in a thread of its own. */
final class FakeDaemon implements AutoCloseable {
    final AtomicInteger connections = new AtomicInteger();
    private final Path folder = Files.createTempDirectory("imattr-test");
    final Path path = folder.resolve("daemon.sock");
    private final List<Future<Void>> running = new ArrayList<>();
    private ServerSocketChannel server;

    interface Part {
        void play(Peer peer) throws Exception;
    }

    FakeDaemon(Part part) throws IOException {
        listen(part);
    }

    final void listen(Part part) throws IOException {
        ServerSocketChannel listening = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        listening.bind(UnixDomainSocketAddress.of(path), 1024);
        server = listening;
        running.add(Testing.begin(() -> accept(listening, part)));
    }

    private void accept(ServerSocketChannel listening, Part part) {
        while (true) {
            try {
                SocketChannel channel = listening.accept();
                connections.incrementAndGet();
                synchronized (running) {
                    running.add(Testing.begin(() -> play(channel, part)));
                }
            } catch (IOException closed) {
                return;
            }
        }
    }

    private static void play(SocketChannel channel, Part part) throws Exception {
        try (Peer peer = new Peer(channel)) {
            part.play(peer);
        }
    }

    /** Nobody listens any more, and the socket is gone; connections stay. */
    void vanish() throws IOException {
        server.close();
        Files.deleteIfExists(path);
    }

    IMAttrClient client() {
        return new IMAttrClient(path);
    }

    /** Waits for the peers to end, and fails if one of them did. */
    @Override
    public void close() throws IOException {
        vanish();
        try {
            Testing.await(running.get(0));
            for (int index = 1; index < running.size(); index++) {
                Testing.await(running.get(index));
            }
        } catch (Exception failure) {
            throw new AssertionError("the part of the daemon failed", failure);
        }
        Files.delete(folder);
    }

    /** Answers all. */
    static void echo(Peer peer) throws IOException {
        for (JsonObject request = peer.next(); request != null; request = peer.next()) {
            peer.echo(request);
        }
    }

    /** The client at the other end. */
    static final class Peer implements AutoCloseable {
        private final SocketChannel channel;
        private final BufferedReader lines;

        Peer(SocketChannel channel) {
            this.channel = channel;
            this.lines = new BufferedReader(Channels.newReader(channel, StandardCharsets.UTF_8));
        }

        /** The next line; null at the end. */
        JsonObject next() throws IOException {
            try {
                String line = lines.readLine();
                return line == null ? null : (JsonObject) Json.parse(line);
            } catch (IllegalArgumentException cut) {
                return null; // the client left within a line
            } catch (IOException reset) {
                return null;
            }
        }

        /** Whether more has come already. */
        boolean hasMore() throws IOException {
            return lines.ready();
        }

        /** So many requests. */
        List<JsonObject> next(int count) throws IOException {
            List<JsonObject> requests = new ArrayList<>();
            while (requests.size() < count) {
                requests.add(next());
            }
            return requests;
        }

        void send(String text) throws IOException {
            ByteBuffer bytes = StandardCharsets.UTF_8.encode(text);
            try {
                while (bytes.hasRemaining()) {
                    channel.write(bytes);
                }
            } catch (IOException left) {
                // The client did, which its own end tells.
            }
        }

        void answer(JsonObject request, Object result) throws IOException {
            Map<String, Object> answer = new LinkedHashMap<>(Map.of("jsonrpc", "2.0", "id", request.get("id")));
            answer.put("result", result);
            send(Json.write(answer) + "\n");
        }

        void refuse(JsonObject request, long code, String message, Map<String, Object> data) throws IOException {
            Map<String, Object> error = Map.of("code", code, "message", message, "data", data);
            send(Json.write(Map.of("jsonrpc", "2.0", "id", request.get("id"), "error", error)) + "\n");
        }

        /** Answers a request: each account's one attribute is its name. */
        void echo(JsonObject request) throws IOException {
            if (request.get("method").equals("getAttrs")) {
                answer(request, echoOf(accounts(request)));
            } else if (request.containsKey("id")) {
                answer(request, "pong");
            }
        }

        @Override
        public void close() throws IOException {
            channel.close();
        }
    }

    static List<?> accounts(JsonObject request) {
        return (List<?>) ((Map<?, ?>) request.get("params")).get("To_Account");
    }

    static Map<String, Object> echoOf(List<?> accounts) {
        List<Object> users = new ArrayList<>();
        accounts.forEach(account -> users.add(Map.of("To_Account", account, "Attrs", Map.of("account", account))));
        return Map.of("UserAttrs", users, "missing", List.of());
    }
}
