import Glibc
import UserSig

/// The file with the app's secret key.
enum SecretKeyFile {
    /// The name of the credential with the key.
    static let credentialName = "imattrd.secret-key"
    /// Bytes that a key may have.
    static let maximumSize = 4096

    /// Reads the key. Trailing white space is dropped. Outside the service manager's credentials directory, a file that
    /// others than its owner can read is refused.
    static func read(_ path: String, credentialsDirectory: String?) -> Result<SecretKey, ConfigurationProblem> {
        let isCredential = credentialsDirectory.map { isFile(path, inside: $0) } ?? false
        return Result { () throws(ConfigurationProblem) in
            // Read where it will stay, so that no other place has to be wiped.
            try SecretKey(capacity: maximumSize) { bytes throws(ConfigurationProblem) in
                try trimmed(bytes, count: read(path, into: bytes, isCredential: isCredential), path)
            }
        }
    }

    private static func read(
        _ path: String, into bytes: UnsafeMutableRawBufferPointer, isCredential: Bool
    ) throws(ConfigurationProblem) -> Int {
        do {
            return try SmallFile.read(path, into: bytes) { status in
                guard !isCredential, status.st_mode & 0o077 != 0 else { return nil }
                let mode = String(status.st_mode & 0o777, radix: 8)
                return "group or others may use it (mode \(mode)); chmod 600 \(path)"
            }
        } catch { throw problem("\(WrittenText(path: path)): \(error)") }
    }

    /// How much of what was read is the key. The key itself is never shown, whatever is wrong with it.
    private static func trimmed(
        _ bytes: UnsafeMutableRawBufferPointer, count: Int, _ path: String
    ) throws(ConfigurationProblem) -> Int {
        var key = bytes[..<count]
        while let last = key.last, last.isWhiteSpace { key.removeLast() }
        if let encoding = ByteOrderMark.foreignEncoding(of: key) {
            throw problem("\(path): is in \(encoding); save it as UTF-8")
        }
        if ByteOrderMark.hasUTF8Mark(key) {
            throw problem("\(path): begins with a byte order mark; save it without one")
        }
        if key.isEmpty { throw problem("\(path): is empty; put the app's secret key there") }
        if let fault = SecretKeyFault.of(key) { throw problem("\(path): \(fault.description)") }
        return key.count
    }

    /// Whether the file is really there, whatever `..` and links its path goes through.
    private static func isFile(_ path: String, inside folder: String) -> Bool {
        guard let file = resolved(path), let folder = resolved(folder) else { return false }
        return file.starts(with: folder + [UInt8(ascii: "/")])
    }

    private static func resolved(_ path: String) -> [UInt8]? {
        guard let resolved = realpath(path, nil) else { return nil }
        defer { free(resolved) }
        return Array(String(cString: resolved).utf8)
    }

    private static func problem(_ text: String) -> ConfigurationProblem {
        ConfigurationProblem(ConfigurationKey.secretKeyFile.rawValue, nil, nil, text)
    }
}

extension UInt8 {
    var isWhiteSpace: Bool { self == 0x20 || (0x09...0x0D).contains(self) }
}
