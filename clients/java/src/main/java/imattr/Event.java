package imattr;

/**
 * What came by a connection: an answer, or a fault, something that is no answer; neither at its end.
 */
record Event(Connection connection, Answer answer, String fault) {
    static Event end(Connection connection) {
        return new Event(connection, null, null);
    }

    static Event fault(Connection connection, String fault) {
        return new Event(connection, null, fault);
    }
}
