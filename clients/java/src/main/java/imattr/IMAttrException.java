package imattr;

/** Whatever a call of {@link IMAttrClient} fails with; the class says the kind. */
public abstract sealed class IMAttrException extends RuntimeException
        permits ArgumentException, CancelledException, ConnectionLostException, DeadlineException, ProtocolException,
                RefusedException, UnreachableException {
    private static final long serialVersionUID = 1;

    IMAttrException(String message, Throwable cause) {
        super(message, cause);
    }

    /** Whether the same call may succeed later without any change. */
    public boolean isRetryable() {
        return false;
    }
}
