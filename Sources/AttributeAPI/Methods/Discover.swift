/// `rpc.discover`: what the daemon serves, in the form of OpenRPC.
public enum Discover {
    /// The version of OpenRPC's specification that the document keeps to.
    static let openRPCVersion = "1.3.2"

    /// The result: the document about all methods.
    /// - Parameters:
    ///   - version: The daemon's.
    ///   - socketPaths: Where it listens.
    ///   - methods: Those that the reader is served.
    public static func document(
        version: String, socketPaths: [String], limits: LimitsInForce, methods: [MethodName] = MethodName.allCases
    ) -> JSONTree {
        [
            "openrpc": .string(openRPCVersion),
            "info": [
                "title": "imattrd", "version": .string(version),
                "description": """
                User attributes of Tencent Chat (im_get_attr), by JSON-RPC 2.0 over a Unix socket: one JSON text per \
                line, each way. Answers can come in another order than the requests; the id says which request each one \
                answers. A line that is not a request is answered with parseError or invalidRequest, and an unknown method \
                with methodNotFound. Fields and methods may be added; ignore those that you do not know.
                """,
                "license": ["name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"],
            ],
            "servers": .array(socketPaths.map { ["name": "socket", "url": .string("unix:\($0)")] }),
            "methods": .array(methods.map { $0.description(limits).json(name: $0) }),
            "components": [
                "schemas": JSONTree(members: [
                    (GetAttrs.accountErrorSchemaName, GetAttrs.accountErrorSchema),
                    (GetAttrs.failedAccountSchemaName, GetAttrs.failedAccountSchema),
                    (KnownError.dataSchemaName, KnownError.dataSchema),
                ]),
                "errors": JSONTree(members: KnownError.all.map { ($0.name, $0.json) }),
            ],
            "x-limits": limits.json,
        ]
    }

    static let description = MethodDescription(
        summary:
            "The OpenRPC document of this service: every method with its params, result and errors, and the limits in force.",
        result: Schema.object(
            "An OpenRPC document.",
            [
                "openrpc": Schema.string("The version of OpenRPC."),
                "info": Schema.map("The daemon: title, version and the like.", of: [:]),
                "servers": Schema.array("Its sockets.", of: ["type": "object"]),
                "methods": Schema.array("The methods.", of: ["type": "object"]),
                "components": Schema.object(
                    "What methods refer to.",
                    [
                        "schemas": Schema.map("By name.", of: ["type": "object"]),
                        "errors": Schema.map("By name.", of: ["type": "object"]),
                    ]),
                "x-limits": Schema.map(
                    "The limits in force, by the names that errors have in limitName.",
                    of: Schema.object(
                        "A limit.",
                        [
                            "value": Schema.count("Its value."), "description": Schema.string("What is bounded."),
                            "configurable": Schema.boolean("Whether it is a key of the configuration."),
                        ])),
            ]),
        example: nil)
}
