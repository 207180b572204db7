import JSONRPC
import JSONTokens

/// What a line gets before any method is called: the answer of each refused item, and the name of each request.
struct Reception: Equatable {
    enum Item: Equatable {
        /// A request: its method, its id as it stood (nil for a notification).
        case request(String, id: String?)
        /// An error and the id it is answered with.
        case error(Int, id: String)
    }

    var isBatch = false
    var items: [Item]

    init(_ items: Item..., isBatch: Bool = false) {
        self.items = items
        self.isBatch = isBatch
    }

    init(of line: String) { self.init(of: Array(line.utf8)) }

    init(of line: [UInt8]) {
        switch Message(line: line) {
        case .single(let item): items = [Self.item(item)]
        case .batch(let batch):
            items = batch.map(Self.item)
            isBatch = true
        case .refused(let error): items = [.error(error.code, id: "null")]
        }
    }

    private static func item(_ item: BatchItem) -> Item {
        switch item {
        case .request(let request):
            .request(request.method, id: request.id.map { String(decoding: $0.token, as: UTF8.self) })
        case .invalid(let error, let id): .error(error.code, id: String(decoding: id.token, as: UTF8.self))
        }
    }
}

extension Message {
    /// The request of a line that is one.
    var request: Request? {
        guard case .single(.request(let request)) = self else { return nil }
        return request
    }

    /// The error of a line that is answered with one.
    var error: ErrorObject? {
        switch self {
        case .single(.invalid(let error, _)), .refused(let error): error
        default: nil
        }
    }
}
