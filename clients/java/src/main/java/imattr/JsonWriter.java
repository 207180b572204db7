package imattr;

import java.util.Map;

/** Writes JSON without white space. */
final class JsonWriter {
    private static final String HEX = "0123456789abcdef";

    private final StringBuilder text = new StringBuilder();

    @Override
    public String toString() {
        return text.toString();
    }

    JsonWriter value(Object value) {
        if (value instanceof String string) {
            return string(string);
        } else if (value instanceof Map<?, ?> map) {
            return object(map);
        } else if (value instanceof Iterable<?> list) {
            return array(list);
        } else if (value == null || value instanceof Boolean || value instanceof Number) {
            text.append(isInfinite(value) ? null : value);
            return this;
        }
        throw new IllegalArgumentException("JSON has no word for " + value + " (" + value.getClass().getName() + ")");
    }

    private static boolean isInfinite(Object value) {
        return (value instanceof Double || value instanceof Float) && !Double.isFinite(((Number) value).doubleValue());
    }

    private JsonWriter object(Map<?, ?> map) {
        char separator = '{';
        for (Map.Entry<?, ?> member : map.entrySet()) {
            if (!(member.getKey() instanceof String name)) {
                throw new IllegalArgumentException("JSON has names that are texts, and not " + member.getKey());
            }
            text.append(separator);
            string(name).text.append(':');
            value(member.getValue());
            separator = ',';
        }
        text.append(separator == '{' ? "{}" : "}");
        return this;
    }

    private JsonWriter array(Iterable<?> values) {
        char separator = '[';
        for (Object value : values) {
            text.append(separator);
            value(value);
            separator = ',';
        }
        text.append(separator == '[' ? "[]" : "]");
        return this;
    }

    private JsonWriter string(String string) {
        text.append('"');
        for (int at = 0; at < string.length(); at++) {
            char unit = string.charAt(at);
            if (unit == '"' || unit == '\\') {
                text.append('\\').append(unit);
            } else if (unit < ' ' || Character.isSurrogate(unit) && !isPaired(string, at)) {
                escape(unit);
            } else {
                text.append(unit);
            }
        }
        text.append('"');
        return this;
    }

    private static boolean isPaired(String string, int at) {
        return Character.isHighSurrogate(string.charAt(at))
                ? at + 1 < string.length() && Character.isLowSurrogate(string.charAt(at + 1))
                : at > 0 && Character.isHighSurrogate(string.charAt(at - 1));
    }

    private void escape(char unit) {
        text.append("\\u");
        for (int shift = 12; shift >= 0; shift -= 4) {
            text.append(HEX.charAt(unit >> shift & 15));
        }
    }
}
