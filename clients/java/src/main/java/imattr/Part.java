package imattr;

/**
 * A request of a call, until it is answered or given up, over as many connections as that takes. The hub's lock guards
 * it.
 */
final class Part {
    final Window window;
    /** Which one of the call it is. */
    final int number;
    final Message message;
    /** When it must have been answered, by nanoTime. */
    long deadline;
    /** Where it is in flight; null if it is to be sent, but not before {@link #notBefore}. */
    Connection connection;
    long notBefore;
    long id;
    /** Set when it has arrived, with the connection it came by. */
    Answer answer;
    /** Set if it has failed, and that is an error of its accounts alone. */
    IMAttrException failure;

    Part(Window window, int number, Message message, long deadline, long now) {
        this.window = window;
        this.number = number;
        this.message = message;
        this.deadline = deadline;
        this.notBefore = now;
    }

    /** It is to be sent again. */
    void putBack(long time) {
        connection = null;
        notBefore = time;
    }
}
