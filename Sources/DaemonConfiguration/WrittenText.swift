import Glibc

/// A text that a person has written into the configuration, as it may be shown: a secret key can be in the wrong place.
///
/// The provider's keys are one word of 64 characters. So a long word is not shown, nor a URL with a password or a query; of what
/// should be a number or one word of a few, only as much as one can have; and of a path, only what exists.
public struct WrittenText: Hashable, Sendable, CustomStringConvertible {
    /// Characters of a word from which on it may be a secret. Accounts, names of users and labels of hosts are shorter.
    private static let secretLength = 32
    /// The most characters of a number or a choice that are shown.
    private static let longestWord = 20
    /// The most characters that are shown of anything.
    private static let longest = 80

    /// The text, in quotation marks where it is shown as it is.
    public let description: String
    /// The text as it is, or what is shown in its place.
    let plain: String
    /// Whether something else is shown.
    public let isHidden: Bool

    /// A value of a key; nil: of something that has no rule of its own.
    public init(_ text: String, of rule: ConfigurationKey.Rule? = nil) {
        switch rule {
        case .file: self.init(path: text)
        case .integer, .decimal, .choice:
            self.init(text, isHidden: text.count > Self.longestWord || Self.mayBeSecret(text))
        case .text, .callers, .mappings, nil: self.init(text, isHidden: Self.mayBeSecret(text))
        }
    }

    /// What should be the name of a key, a variable or an option: words that are separated by hyphens or underscores.
    public init(name: String) {
        self.init(name, isHidden: Self.mayBeSecret(name.split { $0 == "-" || $0 == "_" }.joined(separator: ".")))
    }

    /// What should be a path.
    public init(path: String) {
        plain = Self.shown(path)
        description = plain
        isHidden = plain != path
    }

    /// A text that is never shown.
    public init(hidden text: String) { self.init(text, isHidden: true) }

    private init(_ text: String, isHidden: Bool) {
        self.isHidden = isHidden
        if isHidden {
            plain = "\(text.count) characters that may be a secret"
            description = plain
        } else {
            plain = text.count > Self.longest ? text.prefix(Self.longest) + "…" : text
            description = "\"\(plain)\""
        }
    }

    /// Whether a text has a word that is as long as a secret, or a URL has more than a host.
    static func mayBeSecret(_ text: String) -> Bool {
        let isURL = text.contains("://")
        if isURL, text.contains(where: { $0 == "@" || $0 == "?" }) { return true }
        // A key may be written in groups, and one in base64 has slashes.
        let separators: Set<Character> = isURL ? [".", ":", "[", "]", "/"] : [".", ":", ","]
        return text.filter { !$0.isWhitespace }.split(whereSeparator: separators.contains)
            .contains { $0.count >= secretLength }
    }

    // MARK: Paths

    /// A path of something that exists, or that has the name of a credential; else only the folder of it that exists.
    private static func shown(_ path: String) -> String {
        if exists(path) { return path }
        guard path.hasPrefix("/") else { return "\(path.count) characters that are not an absolute path of a file" }
        var folder = path[...]
        while let slash = folder.lastIndex(of: "/"), slash != folder.startIndex {
            folder = folder[..<slash]
            guard exists(String(folder)) else { continue }
            let name = path[slash...].dropFirst()
            if !name.contains("/"), name.hasSuffix(credentialName), name.count < secretLength { return path }
            return "a path of \(path.count) characters in \(folder)"
        }
        return "\(path.count) characters that are not an absolute path of a file"
    }

    private static let credentialName = "secret-key"

    private static func exists(_ path: String) -> Bool {
        var status = stat()
        return !path.utf8.contains(0) && stat(path, &status) == 0
    }
}
