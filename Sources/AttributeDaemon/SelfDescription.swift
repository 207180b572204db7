import AttributeAPI
import DaemonConfiguration

/// Everything that a manual needs to know of the daemon, from the tables that it works by.
public enum SelfDescription {
    /// Configuration keys, methods, and metrics: the JSON text of an object, on one line.
    public static var json: String { String(decoding: document.json, as: UTF8.self) }

    static var document: JSONTree {
        var limits = LimitsInForce()
        for limit in ServiceLimit.allCases { limits[limit] = usualValue(of: limit) }
        return [
            "version": .string(Version.current),
            "keys": .array(ConfigurationKey.allCases.map(describe)),
            "openrpc": Discover.document(version: Version.current, socketPaths: [], limits: limits),
            "metrics": .array(Metric.allCases.map(describe)),
        ]
    }

    private static func usualValue(of limit: ServiceLimit) -> Int? {
        ConfigurationKey(rawValue: limit.rawValue).flatMap { Int($0.usual) }
    }

    private static func describe(_ key: ConfigurationKey) -> JSONTree {
        let description: JSONTree = [
            "name": .string(key.rawValue), "meaning": .string(key.meaning), "usual": .string(key.usual),
            "needsRestart": .boolean(key.needsRestart),
        ]
        let allowed = description.adding("allowed", key.allowed.map(JSONTree.string))
        if key.isOnlyInFile { return allowed }
        return allowed.adding("flag", .string(key.flag)).adding("variable", .string(key.environmentVariable))
    }

    private static func describe(_ metric: Metric) -> JSONTree {
        [
            "name": .string(metric.name), "type": .string(metric.type.rawValue), "help": .string(metric.help),
            "labels": .array(metric.labels.map(JSONTree.string)),
        ]
    }
}

/// The version of the programs of this package.
public enum Version {
    /// Semantic versioning's three numbers.
    public static let current = "0.1.0"
    /// PROJECT_URL: the project's public address, `https://HOST/PATH`; empty while there is none. `systemd/project-url --write`
    /// puts it into the files that repeat it, and the tests check that it did.
    public static let projectURL = ""
}
