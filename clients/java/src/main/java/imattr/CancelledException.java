package imattr;

/** The caller gave the call up: its thread was interrupted (and still is), or the client or the stream was closed. */
public final class CancelledException extends IMAttrException {
    private static final long serialVersionUID = 1;

    CancelledException(String message) {
        super(message, null);
    }
}
