/// Why what was given cannot be read as accounts.
enum InputError: Error, Hashable {
    /// A file cannot be opened or read.
    case unreadable(name: String, errno: CInt)
    /// Something in it is not as it has to be: where, and what.
    case malformed(name: String, place: String, what: String)

    var status: ExitStatus {
        switch self {
        case .unreadable, .malformed: .usage
        }
    }

    var description: String {
        switch self {
        case .unreadable(let name, let errno): "cannot read \(name): \(SystemCall.text(of: errno))."
        case .malformed(let name, let place, let what): "\(place) of \(name): \(what)."
        }
    }
}
