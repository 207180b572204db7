import IMAttrClient

/// Accounts that are asked for in one request.
struct Block: Sendable {
    /// Each once, in input order.
    let accounts: [Account]
    /// Where the input is after them.
    let end: InputPosition
    /// How much of the input has been read, from 0 to 1; nil if that cannot be known.
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

    /// A text that is being read.
    fileprivate struct Opened {
        let descriptor: InputDescriptor
        var text: TextDecoder
        var decoder: any AccountDecoder
        var hasReportedGuess = false
    }

    private var sources: ArraySlice<Source>
    private let options: InputOptions
    private var open: Opened?
    private var accounts: ArraySlice<Account> = []
    private var seen: Set<Account> = []
    private var position = InputPosition()
    private var bytesRead = 0
    private let noteGuess: @Sendable (String, String) -> Void
    /// Bytes of all sources; nil if that is not known.
    private let bytesInAll: Int?

    /// - Parameters:
    ///   - bytesInAll: The size of all text, if it is known.
    ///   - noteGuess: Gets the name of a text and the encoding that was guessed for it.
    init(
        _ sources: [Source], _ options: InputOptions = InputOptions(), bytesInAll: Int? = nil,
        noteGuess: @escaping @Sendable (String, String) -> Void = { _, _ in }
    ) {
        self.sources = sources[...]
        self.options = options
        self.noteGuess = noteGuess
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
            open = try Opened(
                descriptor: descriptor(), text: options.textDecoder(format), decoder: options.decoder(format))
        }
        return true
    }

    private func readPiece() async throws {
        guard let descriptor = open?.descriptor else { return }
        let piece = try await descriptor.read()[...]
        bytesRead += piece.count
        var found: [Account] = []
        do throws(DecodingError) {
            try open?.take(piece, &found)
        } catch {
            throw InputError.malformed(name: descriptor.name, place: error.place, what: error.what)
        }
        if let guess = open?.newGuess { noteGuess(descriptor.name, guess) }
        if piece.isEmpty { open = nil }
        accounts = found[...]
    }
}

extension AccountInput.Opened {
    /// Takes the next piece; an empty one is the end.
    fileprivate mutating func take(_ piece: ArraySlice<UInt8>, _ accounts: inout [Account]) throws(DecodingError) {
        let converted = piece.isEmpty ? try text.end() : try text.take(piece)
        if !converted.isEmpty { try decoder.take(converted[...], &accounts) }
        if piece.isEmpty { try decoder.end(&accounts) }
    }

    /// The encoding that was guessed, once.
    fileprivate var newGuess: String? {
        mutating get {
            guard !hasReportedGuess, let guess = text.guess else { return nil }
            hasReportedGuess = true
            return guess
        }
    }
}
