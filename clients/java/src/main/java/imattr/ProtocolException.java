package imattr;

/** What listens on the socket does not speak the daemon's protocol. */
public final class ProtocolException extends IMAttrException {
    private static final long serialVersionUID = 1;

    ProtocolException(String problem) {
        super("what listens there is not imattrd: " + problem, null);
    }
}
