import Crypto

extension SecretKey {
    /// Lends the bytes of the key's text, to sign with or to look for them in what must not show them.
    public func withUnsafeBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
        try symmetricKey.withUnsafeBytes(body)
    }
}
