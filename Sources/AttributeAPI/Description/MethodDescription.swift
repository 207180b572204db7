import JSONRPC

/// What a method takes, gives and may refuse, in the terms of OpenRPC.
public struct MethodDescription: Sendable {
    /// A call of the method and what may come back.
    struct Example: Sendable {
        let params: JSONTree
        let result: JSONTree
    }

    /// One sentence.
    let summary: String
    /// What else a caller must know; may be empty.
    var details = ""
    /// In the order in which they are given by position.
    var params: [ParamDescription] = []
    /// Nil: the method is a notification.
    let result: JSONTree?
    /// Errors beyond those that every method has.
    var errors: [KnownError] = []
    /// Whether Tencent's own codes come back, too.
    var hasUpstreamErrors = false
    let example: Example?
}

/// One param of a method.
struct ParamDescription: Sendable {
    let name: String
    let isRequired: Bool
    /// JSON Schema, with `description`.
    let schema: JSONTree

    /// OpenRPC's Content Descriptor.
    var json: JSONTree {
        ["name": .string(name), "required": .boolean(isRequired), "schema": schema]
    }
}

extension MethodDescription {
    /// Refusals that any request can meet.
    static let commonErrors: [KnownError] = [
        .standard(.invalidParams), .standard(.internalError), .overloaded, .accessDenied,
    ]

    /// Everything that the method may be refused with.
    var allErrors: [KnownError] { Self.commonErrors + errors }

    /// OpenRPC's Method Object.
    func json(name: MethodName) -> JSONTree {
        let isNotification = result == nil
        var method: JSONTree = ["name": .string(name.rawValue), "summary": .string(summary)]
        if !details.isEmpty { method = method.adding("description", .string(details)) }
        if isNotification { method = method.adding("x-notification", true) }
        method = method.adding("paramStructure", "either").adding("params", .array(params.map(\.json)))
        method = method.adding(
            "result",
            [
                "name": .string("\(name.rawValue)Result"), "required": .boolean(!isNotification),
                "schema": result ?? Self.noResult,
            ])
        if !isNotification {
            // Written out, since not every reader follows references here.
            method = method.adding("errors", .array(allErrors.map(\.json)))
            if hasUpstreamErrors { method = method.adding("x-upstreamErrors", Self.upstreamErrors) }
        }
        return method.adding("examples", example.map { [Self.json(of: $0, called: name)] })
    }

    /// OpenRPC takes a method without `result` for a notification, but many readers want one from every method.
    private static let noResult: JSONTree = [
        "type": "null", "description": "None: a notification is not answered.",
    ]

    private static func json(of example: Example, called name: MethodName) -> JSONTree {
        [
            "name": .string("\(name.rawValue) example"),
            "params": .array(example.params.members.map { ["name": .string($0.key), "value": $0.value] }),
            "result": ["name": .string("\(name.rawValue)Result"), "value": example.result],
        ]
    }

    private static let upstreamErrors: JSONTree = [
        "description": """
        If Tencent refuses, the code is its own ErrorCode (70001, 90001, …), data.source is upstream, and \
        data.ErrorInfo has its words.
        """,
        "data": Schema.reference(KnownError.dataSchemaName),
    ]
}
