extension UserSigSigner {
    /// Has the libraries that signatures are made with open now whatever they open at their first use.
    ///
    /// libgcrypt ends the process if it finds no descriptor then. To be called while there are some: at the start.
    public static func prepareLibraries() {
        _ = UserSigSigner(sdkAppID: 1, key: SecretKey("none")).sign(identifier: "none", issuedAt: 0, validFor: 1)
    }
}
