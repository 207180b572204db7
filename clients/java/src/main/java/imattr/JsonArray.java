package imattr;

import java.io.Serializable;
import java.util.AbstractList;
import java.util.ArrayList;
import java.util.RandomAccess;

/** An array of JSON: a list that cannot be changed, of values as {@link Json} says. Prints itself as JSON. */
public final class JsonArray extends AbstractList<Object> implements RandomAccess, Serializable {
    private static final long serialVersionUID = 1;

    private final ArrayList<Object> values;

    /** Takes the list over. */
    JsonArray(ArrayList<Object> values) {
        this.values = values;
    }

    @Override
    public Object get(int index) {
        return values.get(index);
    }

    @Override
    public int size() {
        return values.size();
    }

    /** The JSON text. */
    @Override
    public String toString() {
        return Json.write(this);
    }
}
