package imattr;

import java.nio.charset.StandardCharsets;
import java.util.Map;

/**
 * JSON as values of Java and as text. Objects are {@link JsonObject}, arrays {@link JsonArray}, texts {@link String},
 * integers {@link Long} or, if they are too large for it, {@link java.math.BigInteger}, other numbers
 * {@link java.math.BigDecimal}, which keeps all digits (beyond exponents of 31 bits {@link Double}); {@code true} and
 * {@code false} are {@link Boolean}, and {@code null} is null. Half of a surrogate pair stays what it is.
 */
public final class Json {
    private Json() {}

    /**
     * Reads a text.
     *
     * @throws IllegalArgumentException if it is no JSON, or deeper than 512
     */
    public static Object parse(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        try {
            return new JsonReader(bytes, 0, bytes.length).read();
        } catch (JsonReader.Invalid invalid) {
            throw new IllegalArgumentException("this is " + invalid.getMessage());
        }
    }

    /**
     * Writes a value on one line: a {@link Map} with texts as keys, an {@link Iterable}, a text, a number, a boolean or
     * null. Numbers that JSON has no word for, such as infinity, are written as null.
     *
     * @throws IllegalArgumentException if there is anything else in it
     */
    public static String write(Object value) {
        return new JsonWriter().value(value).toString();
    }
}
