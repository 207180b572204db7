import UpstreamClient
import DaemonConfiguration
import JSONRPCServer
import UserSig

/// What the system allows a process.
public struct ResourceLimits: Hashable, Sendable {
    /// Descriptors that may be open.
    public var descriptors: Int
    /// The memory that it can have; nil if there is no limit.
    public var memory: MemoryLimit?

    /// Sets the limits.
    public init(descriptors: Int, memory: MemoryLimit? = nil) {
        self.descriptors = descriptors
        self.memory = memory
    }

    /// So much that nothing has to be divided.
    public static let ample = ResourceLimits(descriptors: 1 << 30)

    /// What this process is allowed.
    public static func ofThisProcess() -> ResourceLimits {
        ResourceLimits(
            descriptors: ProcessFigures.maximumDescriptors ?? ample.descriptors,
            memory: MemoryLimit.ofThisProcess(read: text))
    }

    /// Files of the kernel say nothing about their size, and are small.
    private static func text(_ path: String) -> String? {
        try? String(decoding: SmallFile.read(path, limit: 4096).get(), as: UTF8.self)
    }
}

/// How the configured bounds fit into what the system allows.
public struct ResourceReport: Hashable, Sendable {
    /// How descriptors are divided.
    let descriptors: DescriptorBudget
    /// What is allowed and what the bounds come to, a line each.
    public let lines: [String]
    /// What does not fit, a line each; empty if all does.
    public let warnings: [String]

    /// What is said of a key whose page of memory cannot be locked.
    static let unlockedKey = "the memory with the key may be swapped out; raise LimitMEMLOCK= or `ulimit -l`"

    /// What the system does not give to the key that a configuration names; nil if it does, or there is no key.
    public static func warning(ofKeyIn configuration: ReadConfiguration) -> String? {
        guard case .success(.key(let key))? = configuration.signatureSource(), !key.isLocked else { return nil }
        return unlockedKey
    }

    /// Compares bounds with limits.
    public init(_ settings: Settings, _ limits: ResourceLimits) {
        descriptors = DescriptorBudget(
            limit: limits.descriptors, maxInFlight: settings.maxInFlight,
            maxConnections: settings.server.maxConnections)
        let memory = MemoryBudget(
            maxBufferedBytes: settings.server.maxBufferedBytes, cacheMaxBytes: settings.cacheMaxBytes,
            maxQueuedAccounts: settings.maxQueuedAccounts)
        lines = [descriptors.summary, memory.summary(limits.memory)]
        warnings = [descriptors.shortage, memory.shortage(limits.memory)].compactMap(\.self)
    }
}
