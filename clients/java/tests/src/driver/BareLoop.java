package driver;

import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;

/** What the client is compared with: a write and a read, and nothing else. */
final class BareLoop {
    private BareLoop() {}

    static long nanoseconds(long count) throws IOException {
        byte[] line = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}\n".getBytes(StandardCharsets.US_ASCII);
        ByteBuffer request = ByteBuffer.allocateDirect(line.length).put(line);
        ByteBuffer answer = ByteBuffer.allocateDirect(4096);
        long begin = System.nanoTime();
        try (SocketChannel channel = SocketChannel.open(UnixDomainSocketAddress.of(System.getenv("IMATTRD_SOCKET")))) {
            for (long done = 0; done < count; done++) {
                channel.write(request.flip().limit(line.length));
                answer.clear();
                do {
                    channel.read(answer);
                } while (answer.get(answer.position() - 1) != '\n');
            }
        }
        return System.nanoTime() - begin;
    }
}
