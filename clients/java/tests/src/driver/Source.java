package driver;

import imattr.JsonObject;
import java.util.Iterator;
import java.util.List;

/** The accounts of a stream: those of the command, or as many as it wants, made as they are asked for. */
record Source(JsonObject command, Runnable onTaken) implements Iterable<String> {
    @Override
    public Iterator<String> iterator() {
        List<?> accounts = (List<?>) command.get("accounts");
        long count = accounts != null ? accounts.size() : (Long) command.get("count");
        return new Iterator<>() {
            private int taken;

            @Override
            public boolean hasNext() {
                return taken < count;
            }

            @Override
            public String next() {
                onTaken.run();
                int index = taken++;
                return accounts != null ? (String) accounts.get(index) : command.get("prefix") + Integer.toString(index);
            }
        };
    }
}
