import AttributeAPI
import IMAttrClient
import JSONTokens

/// The daemon's OpenRPC document.
struct DiscoveryDocument {
    private let tree: JSONTree

    /// Reads the result of `rpc.discover`.
    init(_ json: [UInt8]) throws(IMAttrError) {
        guard let tree = try? JSONTree(json: json), tree["methods"] != nil else {
            throw .protocol("the answer to rpc.discover is no OpenRPC document")
        }
        self.tree = tree
    }

    /// The methods' names.
    var names: [String] { tree["methods"]?.elements.compactMap { $0["name"]?.text } ?? [] }

    /// A method; nil if there is none of this name.
    func method(_ name: String) -> JSONTree? { tree["methods"]?.elements.first { $0["name"]?.text == name } }

    /// What a reference stands for; anything else as it is.
    func resolved(_ tree: JSONTree) -> JSONTree {
        guard let path = tree["$ref"]?.text, path.hasPrefix("#/") else { return tree }
        return path.dropFirst(2).split(separator: "/").reduce(self.tree) { $0[String($1)] ?? .null }
    }
}
