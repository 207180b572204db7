/// The version of the programs of this package.
public enum Version {
    /// Semantic versioning's three numbers.
    public static let current = "0.1.0"
}
