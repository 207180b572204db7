package imattr;

import java.nio.ByteBuffer;
import java.util.Arrays;

/** Cuts what has been read into lines. */
final class LineBuffer {
    /** Bytes that an answer may have. */
    static final int MAX_LINE = 256 << 20;
    /** What stays of a buffer that had to grow. */
    private static final int USUAL_SIZE = 64 << 10;

    private byte[] bytes = new byte[8 << 10];
    private int begin; // of what is not taken yet
    private int searched; // up to here there is no end of a line
    private int end;
    private int lineBegin;

    /** Adds what was read. */
    void add(ByteBuffer read) {
        makeRoom(read.remaining());
        int count = read.remaining();
        read.get(bytes, end, count);
        end += count;
    }

    private void makeRoom(int count) {
        int kept = end - begin;
        boolean isFarTooLarge = kept == 0 && bytes.length > USUAL_SIZE;
        if (end + count <= bytes.length && !isFarTooLarge) {
            return;
        }
        int size = isFarTooLarge ? USUAL_SIZE : bytes.length;
        while (size < kept + count || size < 2L * kept && size < MAX_LINE) {
            size = size < MAX_LINE ? size * 2 : MAX_LINE + USUAL_SIZE * 2;
        }
        byte[] from = bytes;
        bytes = size == from.length ? from : new byte[size];
        System.arraycopy(from, begin, bytes, 0, kept);
        searched -= begin;
        begin = 0;
        end = kept;
    }

    /** Whether there is another line, not counting those of white space; it stays until more is added. */
    boolean next() {
        while (true) {
            int lineEnd = lineEnd();
            if (lineEnd < 0) {
                return false;
            }
            lineBegin = begin;
            begin = searched = lineEnd + 1;
            if (!isBlank(lineBegin, lineEnd)) {
                return true;
            }
        }
    }

    private int lineEnd() {
        for (; searched < end; searched++) {
            if (bytes[searched] == '\n') {
                return searched;
            }
        }
        return -1;
    }

    private boolean isBlank(int from, int to) {
        int at = from;
        while (at < to && (bytes[at] == ' ' || bytes[at] == '\t' || bytes[at] == '\r')) {
            at++;
        }
        return at == to;
    }

    /** The answer in the line. */
    Answer answer() throws JsonReader.Invalid {
        return Answer.read(bytes, lineBegin, begin);
    }

    /** Whether the line that has begun is longer than any may be. */
    boolean isOverlong() {
        return end - begin > MAX_LINE + 1; // it may end in \r
    }
}
