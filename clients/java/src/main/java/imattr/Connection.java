package imattr;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;

/**
 * A connection. Nothing done with it waits, so an interrupted thread does not close it: a channel that waits would be
 * closed. The hub's lock guards it, but {@link #read}, which is the reader's.
 */
final class Connection {
    private final SocketChannel channel;
    private final SelectionKey key;
    private final Deque<Line> unsent = new ArrayDeque<>();
    private final LineBuffer lines = new LineBuffer(); // of the reader

    /** Requests that were sent on it and are waited for. */
    int inFlight;
    /** Whether it has answered anything, but that the daemon is about to go. */
    boolean hasAnswered;
    /** Whether no more requests are sent on it, since the daemon is about to go. */
    boolean isRetired;
    private boolean isBroken; // for writing; what was written to us can still be read

    /** A line that waits for the socket to take it; the id is 0 if it is no request. */
    private record Line(long id, ByteBuffer bytes) {
        boolean hasBegun() {
            return bytes.position() > 0;
        }
    }

    private Connection(SocketChannel channel, Selector selector) throws IOException {
        this.channel = channel;
        this.key = channel.register(selector, SelectionKey.OP_READ, this);
    }

    /** Connects, or fails, at once. */
    static Connection open(Path path, Selector selector) throws ConnectFailure {
        try {
            SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
            try {
                channel.configureBlocking(false);
                // Unix sockets connect at once or not at all; Java takes EAGAIN for the beginning of an attempt.
                if (channel.connect(UnixDomainSocketAddress.of(path))) {
                    return new Connection(channel, selector);
                }
            } catch (IOException failure) {
                channel.close();
                throw failure;
            }
            channel.close();
        } catch (IOException failure) {
            throw new ConnectFailure(path, failure);
        }
        throw new ConnectFailure();
    }

    // Writing

    /** Whether something waits for the socket to take it. */
    boolean wantsToWrite() {
        return !unsent.isEmpty();
    }

    void send(long id, ByteBuffer line, ByteBuffer chunk) {
        inFlight++;
        unsent.add(new Line(id, line));
        flush(chunk);
    }

    /** Gives requests up: those that have not begun to leave are not sent, the others are withdrawn. */
    void withdraw(List<Long> ids, ByteBuffer chunk) {
        inFlight -= ids.size();
        for (long id : ids) {
            if (!unsent.removeIf(line -> line.id == id && !line.hasBegun())) {
                unsent.add(new Line(0, Message.cancellation(id)));
            }
        }
        flush(chunk);
    }

    /**
     * Writes as much as the socket takes, by way of the chunk, a direct buffer: Java would keep one for each thread.
     */
    void flush(ByteBuffer chunk) {
        try {
            boolean takesAll = true;
            while (takesAll && !isBroken && !unsent.isEmpty()) {
                gather(chunk);
                int count = channel.write(chunk);
                takesAll = !chunk.hasRemaining();
                drop(count);
            }
        } catch (IOException ended) {
            isBroken = true; // reading shows what has come of the connection
        }
        if (isBroken) {
            unsent.clear();
        }
        listen();
    }

    private void gather(ByteBuffer chunk) {
        chunk.clear();
        Iterator<Line> lines = unsent.iterator();
        while (chunk.hasRemaining() && lines.hasNext()) {
            ByteBuffer bytes = lines.next().bytes;
            int count = Math.min(bytes.remaining(), chunk.remaining());
            chunk.put(chunk.position(), bytes, bytes.position(), count).position(chunk.position() + count);
        }
        chunk.flip();
    }

    private void drop(int count) {
        int left = count;
        while (left > 0) {
            ByteBuffer bytes = unsent.getFirst().bytes;
            int taken = Math.min(left, bytes.remaining());
            bytes.position(bytes.position() + taken);
            left -= taken;
            if (!bytes.hasRemaining()) {
                unsent.removeFirst();
            }
        }
    }

    private void listen() {
        int wanted = wantsToWrite() ? SelectionKey.OP_READ | SelectionKey.OP_WRITE : SelectionKey.OP_READ;
        if (key.isValid() && key.interestOps() != wanted) {
            key.interestOps(wanted);
        }
    }

    // Reading

    /** Reads what is there, by way of the chunk, into events. */
    void read(ByteBuffer chunk, List<Event> events) {
        try {
            int count = channel.read(chunk.clear());
            if (count < 0) {
                events.add(Event.end(this));
            } else if (count > 0) {
                lines.add(chunk.flip());
                split(events);
            }
        } catch (IOException ended) {
            events.add(Event.end(this));
        } catch (OutOfMemoryError tooLarge) {
            events.add(Event.fault(this, "an answer that does not fit into memory"));
        }
    }

    private void split(List<Event> events) {
        try {
            while (lines.next()) {
                events.add(new Event(this, lines.answer(), null));
            }
            if (lines.isOverlong()) {
                events.add(Event.fault(this, "an answer of more than " + LineBuffer.MAX_LINE + " bytes"));
            }
        } catch (JsonReader.Invalid invalid) {
            events.add(Event.fault(this, invalid.getMessage()));
        }
    }

    void close() {
        try {
            channel.close();
        } catch (IOException ignored) {
            // It is closed all the same.
        }
    }
}
