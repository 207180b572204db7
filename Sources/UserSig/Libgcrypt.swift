import CGcrypt

/// libgcrypt, for those of the process that use it.
public enum Libgcrypt {
    /// Whether it can be used. To be asked before any of it is: the library is made ready then, which two threads may not do at the same
    /// time. False if it is older than 1.8.0.
    public static let isReady = cgcrypt_is_ready() != 0
}
