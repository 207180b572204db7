package imattr;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/** Members of an object of known types. One that is not there, or null, is null; one of another type is a Mismatch. */
final class Members {
    static final class Mismatch extends RuntimeException {
        private static final long serialVersionUID = 1;

        Mismatch(String name) {
            super(name + " is of another type", null, false, false);
        }
    }

    private final JsonObject object;

    Members(JsonObject object) {
        this.object = object;
    }

    String text(String name) {
        return cast(String.class, name, object.get(name));
    }

    Long integer(String name) {
        return cast(Long.class, name, object.get(name));
    }

    Double number(String name) {
        Number number = cast(Number.class, name, object.get(name));
        return number == null ? null : (Double) number.doubleValue();
    }

    Boolean truth(String name) {
        return cast(Boolean.class, name, object.get(name));
    }

    <T> T object(String name, Function<Members, T> read) {
        JsonObject member = cast(JsonObject.class, name, object.get(name));
        return member == null ? null : read.apply(new Members(member));
    }

    List<String> texts(String name) {
        JsonArray member = cast(JsonArray.class, name, object.get(name));
        List<String> texts = new ArrayList<>();
        if (member != null) {
            member.forEach(value -> texts.add(cast(String.class, name, value)));
        }
        return Collections.unmodifiableList(texts);
    }

    Map<String, Long> integers(String name) {
        JsonObject member = cast(JsonObject.class, name, object.get(name));
        Map<String, Long> integers = new LinkedHashMap<>();
        if (member != null) {
            member.forEach((key, value) -> integers.put(key, cast(Long.class, name, value)));
        }
        return Collections.unmodifiableMap(integers);
    }

    /** What takes the place of a required member that an answer lacks. */
    static <T> T or(T value, T otherwise) {
        return value == null ? otherwise : value;
    }

    private static <T> T cast(Class<T> type, String name, Object value) {
        if (value == null || type.isInstance(value)) {
            return type.cast(value);
        }
        throw new Mismatch(name);
    }
}
