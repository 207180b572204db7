import IMAttrClient

/// Why the accounts on standard input, or one among the arguments, cannot be used.
enum InputError: Error, Hashable {
    case tooLong(place: String)
    case empty(place: String)
    case notUTF8(place: String)
    case unreadable(errno: CInt)

    var status: ExitStatus {
        switch self {
        case .tooLong, .empty, .notUTF8: .usage
        case .unreadable: .internalFault
        }
    }

    var description: String {
        switch self {
        case .tooLong(let place): "\(place): an account has at most 255 bytes."
        case .empty(let place): "\(place): an account has at least 1 byte."
        case .notUTF8(let place): "\(place): an account must be UTF-8."
        case .unreadable(let errno): "cannot read standard input: \(SystemCall.text(of: errno))."
        }
    }
}

/// Accounts, one per line; empty lines are passed over, and `\r` before the end of a line is dropped. All else of a line
/// is the account, spaces too.
struct AccountLines: AsyncSequence {
    /// Gives the next piece of input; empty at its end.
    typealias Source = () throws(InputError) -> [UInt8]

    let source: Source

    func makeAsyncIterator() -> Iterator { Iterator(source: source) }

    struct Iterator: AsyncIteratorProtocol {
        let source: Source
        private var piece: ArraySlice<UInt8> = []
        private var line: [UInt8] = []
        private var lineNumber = 0
        private var isAtEnd = false

        init(source: @escaping Source) { self.source = source }

        mutating func next() async throws(InputError) -> Account? {
            while try fillLine() {
                lineNumber += 1
                if line.last == UInt8(ascii: "\r") { line.removeLast() }
                defer { line.removeAll(keepingCapacity: true) }
                if !line.isEmpty { return try account() }
            }
            return nil
        }

        /// Reads up to the end of a line; false when nothing is left.
        private mutating func fillLine() throws(InputError) -> Bool {
            while !isAtEnd {
                if piece.isEmpty {
                    piece = try source()[...]
                    isAtEnd = piece.isEmpty
                }
                let end = piece.firstIndex(of: UInt8(ascii: "\n"))
                line.append(contentsOf: piece[..<(end ?? piece.endIndex)])
                piece = end.map { piece[($0 + 1)...] } ?? []
                if end != nil { return true }
                // Something without line ends is not held until memory is full.
                if line.count > Account.allowedLength.upperBound + 1 { throw tooLong(lineNumber + 1) }
            }
            return !line.isEmpty
        }

        private func account() throws(InputError) -> Account {
            guard line.count <= Account.allowedLength.upperBound else { throw tooLong(lineNumber) }
            guard let text = String(validating: line, as: UTF8.self) else {
                throw .notUTF8(place: "line \(lineNumber) of standard input")
            }
            return Account(text)
        }

        private func tooLong(_ number: Int) -> InputError { .tooLong(place: "line \(number) of standard input") }
    }
}
