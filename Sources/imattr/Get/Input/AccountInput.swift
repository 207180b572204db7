import IMAttrClient

/// Accounts that are asked for in one request.
struct Block: Sendable {
    /// Each once, in input order.
    let accounts: [Account]
    /// Where the input stands after them.
    let end: InputPosition
    /// How much of the input has been read, from 0 to 1; nil if nobody can know.
    let fraction: Double?
}

/// Everything that was given: accounts by themselves, files, standard input, one after the other.
///
/// An account that is repeated within ``size`` accounts, counted from the start of the input, is given once.
actor AccountInput {
    /// Accounts in a block, at most. A block never goes beyond a multiple of it, so that what is dropped as repeated depends on
    /// the input alone, and not on how fast it comes.
    static let size = 500

    /// Where accounts come from.
    enum Source: Sendable {
        case accounts([Account])
        case text(@Sendable () throws -> InputDescriptor, InputFormat)
    }

    private var sources: ArraySlice<Source>
    private let column: String
    private let field: String
    private var open: (descriptor: InputDescriptor, decoder: any AccountDecoder, isAtStart: Bool)?
    private var accounts: ArraySlice<Account> = []
    private var seen: Set<Account> = []
    private var position = InputPosition()
    private var bytesRead = 0
    /// Bytes of all sources; nil if that is not known.
    private let bytesInAll: Int?

    /// - Parameter bytesInAll: The size of all text, if it is known.
    init(_ sources: [Source], column: String, field: String, bytesInAll: Int?) {
        self.sources = sources[...]
        self.column = column
        self.field = field
        self.bytesInAll = bytesInAll
    }

    /// The next block; nil at the end. A block is given before it is full if there is nothing more to read just now.
    ///
    /// - Throws: ``InputError``, and `CancellationError`.
    func next() async throws -> Block? {
        var block: [Account] = []
        while true {
            while let account = accounts.popFirst() {
                if let account = take(account) { block.append(account) }
                if position.accounts % Self.size == 0, !block.isEmpty { return finish(block) }
            }
            if !block.isEmpty, let open, !open.descriptor.isReady { return finish(block) }
            if try await !readMore() { return block.isEmpty ? nil : finish(block) }
        }
    }

    /// Passes what an earlier run has had.
    ///
    /// - Returns: Whether the input begins with it.
    func skip(to end: InputPosition) async throws -> Bool { try await skip(end.accounts) && position == end }

    /// Passes accounts of which an earlier run has had the answers.
    ///
    /// - Returns: Whether there are so many.
    func skip(_ count: Int) async throws -> Bool {
        while position.accounts < count {
            if let account = accounts.popFirst() {
                _ = take(account)
            } else if try await !readMore() {
                return false
            }
        }
        return true
    }

    private func finish(_ block: [Account]) -> Block {
        let fraction = bytesInAll.map { $0 == 0 ? 1 : min(Double(bytesRead) / Double($0), 1) }
        return Block(accounts: block, end: position, fraction: fraction)
    }

    /// Counts an account; nil if it is a repeated one.
    private func take(_ account: Account) -> Account? {
        if position.accounts % Self.size == 0 { seen.removeAll(keepingCapacity: true) }
        position.pass(account)
        return seen.insert(account).inserted ? account : nil
    }

    /// Reads a piece, or goes on to the next source; false if there is none.
    private func readMore() async throws -> Bool {
        if open != nil {
            try await readPiece()
            return true
        }
        switch sources.popFirst() {
        case nil: return false
        case .accounts(let given): accounts = given[...]
        case .text(let descriptor, let format):
            open = (try descriptor(), format.decoder(column: column, field: field), true)
        }
        return true
    }

    private func readPiece() async throws {
        guard let descriptor = open?.descriptor else { return }
        var piece = try await descriptor.read()[...]
        bytesRead += piece.count
        var found: [Account] = []
        do throws(DecodingError) {
            if piece.isEmpty {
                try open?.decoder.end(&found)
                open = nil
            } else {
                if open?.isAtStart == true { piece = piece.droppingByteOrderMark }
                open?.isAtStart = false
                try open?.decoder.take(piece, &found)
            }
        } catch {
            throw InputError.malformed(name: descriptor.name, place: error.place, what: error.what)
        }
        accounts = found[...]
    }
}

extension ArraySlice<UInt8> {
    /// Without the three bytes that some editors put before UTF-8.
    fileprivate var droppingByteOrderMark: ArraySlice<UInt8> { starts(with: [0xEF, 0xBB, 0xBF]) ? dropFirst(3) : self }
}
