import Glibc
import UserSig

/// The file with the app's secret key.
enum SecretKeyFile {
    /// Bytes that a key may have.
    static let maximumSize = 4096

    /// Reads the key. Trailing white space is dropped. Outside the service manager's credentials directory, a file that
    /// others than its owner can read is refused.
    static func read(_ path: String, credentialsDirectory: String?) -> Result<SecretKey, ConfigurationProblem> {
        let isCredential = credentialsDirectory.map { isFile(path, inside: $0) } ?? false
        let bytes = SmallFile.read(path, limit: maximumSize) { status in
            guard !isCredential, status.st_mode & 0o077 != 0 else { return nil }
            return "group or others may use it (mode \(String(status.st_mode & 0o777, radix: 8))); chmod 600 \(path)"
        }
        switch bytes {
        case .failure(let failure): return .failure(problem("\(path): \(failure)"))
        case .success(var key):
            while let last = key.last, last.isWhiteSpace { key.removeLast() }
            if key.isEmpty { return .failure(problem("\(path): is empty; put the app's secret key there")) }
            // The key itself is never shown, whatever is wrong with it.
            guard !key.contains(where: \.isWhiteSpace) else {
                return .failure(problem("\(path): has white space inside; a key is one word"))
            }
            return .success(SecretKey(bytes: key))
        }
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
    fileprivate var isWhiteSpace: Bool { self == 0x20 || (0x09...0x0D).contains(self) }
}
