// swift-tools-version: 6.2
import PackageDescription

/// Every target of ours: warnings are errors, and a file names each module whose members it uses.
let strict: [SwiftSetting] = [
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("ExistentialAny"),
]

extension Target.Dependency {
    static let nio: Self = .product(name: "NIOCore", package: "swift-nio")
    static let nioPosix: Self = .product(name: "NIOPosix", package: "swift-nio")
    static let nioLocks: Self = .product(name: "NIOConcurrencyHelpers", package: "swift-nio")
    static let nioHTTP1: Self = .product(name: "NIOHTTP1", package: "swift-nio")
    static let nioTLS: Self = .product(name: "NIOTLS", package: "swift-nio")
    static let nioEmbedded: Self = .product(name: "NIOEmbedded", package: "swift-nio")
    static let nioSSL: Self = .product(name: "NIOSSL", package: "swift-nio-ssl")
    static let deque: Self = .product(name: "DequeModule", package: "swift-collections")
    static let heap: Self = .product(name: "HeapModule", package: "swift-collections")
    static let logging: Self = .product(name: "Logging", package: "swift-log")
    static let unixSignals: Self = .product(name: "UnixSignals", package: "swift-service-lifecycle")
    static let argumentParser: Self = .product(name: "ArgumentParser", package: "swift-argument-parser")
}

/// - Parameter safety: `.strictMemorySafety()` where each unsafe expression is marked, with its reason beside it.
func library(
    _ name: String, path: String? = nil, _ dependencies: [Target.Dependency] = [], pages: [String] = [],
    safety: [SwiftSetting] = []
) -> Target {
    .target(name: name, dependencies: dependencies, path: path, exclude: pages, swiftSettings: strict + safety)
}

func program(_ name: String, path: String? = nil, _ dependencies: [Target.Dependency]) -> Target {
    .executableTarget(name: name, dependencies: dependencies, path: path, swiftSettings: strict)
}

func tests(_ name: String, _ dependencies: [Target.Dependency], resources: [Resource] = []) -> Target {
    .testTarget(name: name, dependencies: dependencies, resources: resources, swiftSettings: strict)
}

let package = Package(
    name: "imattrd",
    products: [
        .executable(name: "imattrd", targets: ["imattrd"]),
        .executable(name: "imattr", targets: ["imattr"]),
        .executable(name: "imattr-sandbox", targets: ["imattr-sandbox"]),
        .library(name: "IMAttrClient", targets: ["IMAttrClient"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    ],
    targets: [
        .systemLibrary(name: "CSystemd", pkgConfig: "libsystemd", providers: [.apt(["libsystemd-dev"])]),
        .systemLibrary(name: "CLibYAML", pkgConfig: "yaml-0.1", providers: [.apt(["libyaml-dev"])]),
        .systemLibrary(name: "CGcrypt", pkgConfig: "libgcrypt", providers: [.apt(["libgcrypt20-dev"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        // A header only.
        .systemLibrary(name: "CPrefetch"),

        library("AttributeValues", safety: [.strictMemorySafety()]),
        library("JSONTokens", safety: [.strictMemorySafety()]),
        library("JSONRPC", ["JSONTokens"], safety: [.strictMemorySafety()]),
        library("Accounting", safety: [.strictMemorySafety()]),
        library(
            "JSONRPCServer", ["Accounting", "JSONRPC", "JSONTokens", .nio, .nioPosix], safety: [.strictMemorySafety()]),
        library("Systemd", ["CSystemd", "JSONTokens", .logging], safety: [.strictMemorySafety()]),
        library("UserSig", ["CGcrypt", "CZlib"], safety: [.strictMemorySafety()]),
        library("CallScheduling", ["Accounting", "AttributeValues", "CPrefetch", .deque, .heap], pages: ["README.md"]),
        library(
            "AttributeAPI", ["AttributeValues", "JSONTokens", "JSONRPC"], safety: [.strictMemorySafety()]),
        library(
            "UpstreamClient",
            ["AttributeValues", "JSONTokens", "UserSig", .nio, .nioPosix, .nioTLS, .nioSSL],
            safety: [.strictMemorySafety()]),
        library(
            "Rights", ["AttributeAPI", "AttributeValues", "JSONRPCServer", "JSONTokens"],
            safety: [.strictMemorySafety()]),
        library(
            "DaemonConfiguration",
            [
                "AttributeAPI", "JSONRPCServer", "CallScheduling", "Rights", "UpstreamClient", "UserSig", "CLibYAML",
                .nio, .logging,
            ]),
        library(
            "AttributeDaemon",
            [
                "Accounting", "AttributeValues", "JSONTokens", "JSONRPC", "JSONRPCServer", "CallScheduling",
                "AttributeAPI", "Rights", "UpstreamClient", "UserSig", "DaemonConfiguration", "CZlib", .nio, .nioPosix,
                .nioHTTP1, .logging,
            ]),
        library(
            "Signer", ["UserSig", "JSONTokens", .logging], safety: [.strictMemorySafety()]),
        library("Spawning"),
        library("UpstreamSandbox", ["UserSig", "CGcrypt", .nio, .nioLocks, .nioPosix, .nioHTTP1, .nioSSL]),
        library(
            "IMAttrClient", path: "clients/swift/Sources/IMAttrClient",
            [
                "AttributeValues", "JSONTokens", "JSONRPC", .nio, .nioPosix,
            ]),

        program(
            "imattrd",
            [
                "AttributeDaemon", "DaemonConfiguration", "JSONRPCServer", "Signer", "Spawning", "Systemd",
                .argumentParser,
                .logging,
                .nio, .nioPosix,
            ]),
        program("imattr", ["IMAttrClient", "AttributeAPI", "JSONTokens", "Spawning", .argumentParser]),
        program(
            "imattr-client-driver", path: "clients/swift/Sources/imattr-client-driver", ["IMAttrClient", "JSONTokens"]),
        program("imattr-sandbox", ["UpstreamSandbox", "UserSig", "Spawning", .argumentParser, .unixSignals]),

        program(
            "imattr-bench", path: "Tests/imattr-bench",
            ["UserSig", "Spawning", .argumentParser, .unixSignals, .nio, .nioPosix, .nioHTTP1, .nioSSL]),
        library("SchemaCheck", path: "Tests/SchemaCheck", ["AttributeAPI"]),
        tests("JSONTokensTests", ["JSONTokens"]),
        tests("JSONRPCTests", ["JSONRPC", "JSONTokens"]),
        tests("AccountingTests", ["Accounting"]),
        tests("JSONRPCServerTests", ["JSONRPCServer", "Accounting", "JSONRPC", .nio, .nioPosix, .nioEmbedded]),
        tests("UserSigTests", ["UserSig"]),
        tests("SignerTests", ["Signer", "JSONTokens", "UserSig", .logging]),
        tests("CallSchedulingTests", ["CallScheduling", "Accounting", "AttributeValues", .heap]),
        tests("AttributeAPITests", ["AttributeAPI", "AttributeValues", "JSONRPC", "JSONTokens", "SchemaCheck"]),
        tests(
            "UpstreamClientTests",
            [
                "UpstreamClient", "UserSig", "UpstreamSandbox", "AttributeValues", "JSONTokens", .nio, .nioPosix,
                .nioHTTP1,
                .nioEmbedded,
            ]),
        tests("UpstreamSandboxTests", ["UpstreamSandbox", "UserSig", .nio, .nioPosix, .nioSSL]),
        tests(
            "DaemonConfigurationTests",
            [
                "DaemonConfiguration", "AttributeAPI", "AttributeValues", "JSONRPCServer", "Rights", "UpstreamClient",
                "UserSig",
            ]),
        tests(
            "AttributeDaemonTests",
            [
                "Accounting", "AttributeDaemon", "DaemonConfiguration", "AttributeAPI", "CallScheduling", "Systemd",
                "Rights", "UpstreamClient", "UpstreamSandbox", "UserSig", "AttributeValues", "JSONRPC", "JSONRPCServer",
                "SchemaCheck",
                .nio, .nioPosix, .logging,
            ]),
        tests("RightsTests", ["Rights", "AttributeAPI", "AttributeValues", "JSONRPCServer", "JSONTokens"]),
        tests("SystemdTests", ["Systemd", .logging]),
        tests("BenchTests", ["imattr-bench", .nio, .nioPosix]),
        tests(
            "IMAttrClientTests",
            [
                "IMAttrClient", "imattr", "AttributeAPI", "JSONTokens", "JSONRPC", .argumentParser, .nio, .nioPosix,
            ]),
    ]
)
