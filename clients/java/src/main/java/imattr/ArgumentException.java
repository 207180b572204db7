package imattr;

/**
 * A mistake of the caller's, found before it was sent: an account that is no text of 1 to 255 bytes, a time out of
 * range, a null. The message names the argument.
 */
public final class ArgumentException extends IMAttrException {
    private static final long serialVersionUID = 1;

    ArgumentException(String message) {
        super(message, null);
    }
}
