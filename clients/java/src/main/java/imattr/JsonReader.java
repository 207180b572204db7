package imattr;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;

/** Reads one JSON text in UTF-8, and takes nothing that the standard does not allow. */
final class JsonReader {
    /** Nesting, so that no text can exhaust the stack. */
    private static final int MAX_DEPTH = 512;
    /** Digits that surely fit a long. */
    private static final int SAFE_DIGITS = 18;

    /** What is no JSON; the message continues "this is …". */
    static final class Invalid extends Exception {
        private static final long serialVersionUID = 1;

        Invalid(String message) {
            super(message, null, false, false);
        }
    }

    private final byte[] bytes;
    private final int begin;
    private final int end;
    private int at;
    private int depth;
    private CharsetDecoder decoder;

    JsonReader(byte[] bytes, int begin, int end) {
        this.bytes = bytes;
        this.begin = begin;
        this.end = end;
        this.at = begin;
    }

    /** The value, which must be all there is. */
    Object read() throws Invalid {
        skipSpace();
        Object value = value();
        skipSpace();
        if (at < end) {
            throw invalid();
        }
        return value;
    }

    private Object value() throws Invalid {
        switch (peek()) {
            case '{':
                return object();
            case '[':
                return array();
            case '"':
                return string();
            case 't':
                return word("true", Boolean.TRUE);
            case 'f':
                return word("false", Boolean.FALSE);
            case 'n':
                return word("null", null);
            default:
                return number();
        }
    }

    private JsonObject object() throws Invalid {
        LinkedHashMap<String, Object> members = new LinkedHashMap<>();
        descend();
        if (!hasEnded('}')) {
            do {
                skipSpace();
                if (peek() != '"') {
                    throw invalid();
                }
                String name = string();
                skipSpace();
                expect(':');
                skipSpace();
                members.put(name, value());
            } while (goesOn('}'));
        }
        depth--;
        return new JsonObject(members);
    }

    private JsonArray array() throws Invalid {
        ArrayList<Object> values = new ArrayList<>();
        descend();
        if (!hasEnded(']')) {
            do {
                skipSpace();
                values.add(value());
            } while (goesOn(']'));
        }
        depth--;
        return new JsonArray(values);
    }

    private void descend() throws Invalid {
        at++;
        if (++depth > MAX_DEPTH) {
            throw new Invalid("JSON that is nested more than " + MAX_DEPTH + " deep");
        }
    }

    private boolean hasEnded(char close) throws Invalid {
        skipSpace();
        if (peek() != close) {
            return false;
        }
        at++;
        return true;
    }

    private boolean goesOn(char close) throws Invalid {
        if (hasEnded(close)) {
            return false;
        }
        expect(',');
        return true;
    }

    private Object word(String word, Object value) throws Invalid {
        for (int index = 0; index < word.length(); index++) {
            expect(word.charAt(index));
        }
        return value;
    }

    // Texts

    private String string() throws Invalid {
        int from = ++at;
        boolean isAscii = true;
        while (true) {
            int next = peek();
            if (next == '"') {
                return text(from, at++, isAscii);
            } else if (next == '\\') {
                return stringWithEscapes(from);
            } else if (next >= 0x80) {
                isAscii = false;
            } else if (next < ' ') {
                throw invalid();
            }
            at++;
        }
    }

    private String stringWithEscapes(int from) throws Invalid {
        StringBuilder text = new StringBuilder();
        while (true) {
            int next = peek();
            if (next == '"' || next == '\\') {
                text.append(text(from, at++, false));
                if (next == '"') {
                    return text.toString();
                }
                text.append(escaped());
                from = at;
            } else if (next < ' ') {
                throw invalid();
            } else {
                at++;
            }
        }
    }

    private char escaped() throws Invalid {
        int kind = peek();
        at++;
        switch (kind) {
            case '"', '\\', '/':
                return (char) kind;
            case 'b':
                return '\b';
            case 'f':
                return '\f';
            case 'n':
                return '\n';
            case 'r':
                return '\r';
            case 't':
                return '\t';
            case 'u':
                return (char) (hex() << 12 | hex() << 8 | hex() << 4 | hex());
            default:
                at--;
                throw invalid();
        }
    }

    private int hex() throws Invalid {
        int digit = Character.digit(peek(), 16);
        if (digit < 0) {
            throw invalid();
        }
        at++;
        return digit;
    }

    private String text(int from, int to, boolean isAscii) throws Invalid {
        if (isAscii) {
            return new String(bytes, from, to - from, StandardCharsets.ISO_8859_1);
        }
        if (decoder == null) {
            decoder = StandardCharsets.UTF_8.newDecoder(); // one that reports what is wrong
        }
        try {
            return decoder.decode(ByteBuffer.wrap(bytes, from, to - from)).toString();
        } catch (CharacterCodingException wrong) {
            throw new Invalid("a text that is not UTF-8");
        }
    }

    // Numbers

    private Number number() throws Invalid {
        int from = at;
        if (peek() == '-') {
            at++;
        }
        if (peek() == '0') {
            at++;
        } else {
            digits();
        }
        int integerEnd = at;
        if (at < end && bytes[at] == '.') {
            at++;
            digits();
        }
        if (at < end && (bytes[at] | 0x20) == 'e') {
            at++;
            if (peek() == '+' || peek() == '-') {
                at++;
            }
            digits();
        }
        return at == integerEnd ? integer(from) : decimal(from);
    }

    private void digits() throws Invalid {
        int from = at;
        while (at < end && bytes[at] >= '0' && bytes[at] <= '9') {
            at++;
        }
        if (at == from) {
            throw invalid();
        }
    }

    private Number integer(int from) throws Invalid {
        if (at - from <= SAFE_DIGITS) {
            long value = 0;
            boolean isNegative = bytes[from] == '-';
            for (int digit = isNegative ? from + 1 : from; digit < at; digit++) {
                value = value * 10 + bytes[digit] - '0';
            }
            return isNegative ? -value : value;
        }
        BigInteger value = new BigInteger(text(from, at, true));
        if (value.bitLength() < Long.SIZE) {
            return value.longValue();
        }
        return value;
    }

    private Number decimal(int from) throws Invalid {
        String digits = text(from, at, true);
        try {
            return new BigDecimal(digits);
        } catch (NumberFormatException beyond) { // an exponent of more than 31 bits
            return Double.valueOf(digits);
        }
    }

    // Bytes

    /** The next byte, from 0 to 255. */
    private int peek() throws Invalid {
        if (at >= end) {
            throw new Invalid("JSON that is cut off");
        }
        return bytes[at] & 0xff;
    }

    private void expect(char wanted) throws Invalid {
        if (peek() != wanted) {
            throw invalid();
        }
        at++;
    }

    private void skipSpace() {
        while (at < end && (bytes[at] == ' ' || bytes[at] == '\t' || bytes[at] == '\r' || bytes[at] == '\n')) {
            at++;
        }
    }

    private Invalid invalid() {
        return new Invalid("no JSON, at byte " + (at - begin + 1));
    }
}
