package imattr;

import java.io.Serializable;
import java.util.AbstractMap;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/**
 * An object of JSON: a map that cannot be changed, in the order of the text, of values as {@link Json} says. Of a name
 * that is there twice the last value counts. Prints itself as JSON.
 */
public final class JsonObject extends AbstractMap<String, Object> implements Serializable {
    private static final long serialVersionUID = 1;

    static final JsonObject EMPTY = new JsonObject(new LinkedHashMap<>());

    private final LinkedHashMap<String, Object> members;

    /** Takes the map over. */
    JsonObject(LinkedHashMap<String, Object> members) {
        this.members = members;
    }

    @Override
    public Object get(Object name) {
        return members.get(name);
    }

    @Override
    public boolean containsKey(Object name) {
        return members.containsKey(name);
    }

    @Override
    public Set<Map.Entry<String, Object>> entrySet() {
        return Collections.unmodifiableMap(members).entrySet();
    }

    /** The JSON text. */
    @Override
    public String toString() {
        return Json.write(this);
    }
}
