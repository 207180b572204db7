import Glibc
import Spawning

/// How the shipped units give this machine's daemon its key, for root, who checks a configuration by hand and has none of it.
struct HostKey {
    /// The configuration names the instance: `imattrd` for /etc/imattrd/config.yaml, NAME for /etc/imattrd/NAME.yaml.
    let instance: String

    private static let credential = "imattrd.secret-key"

    init(of file: String) {
        let name = file.split(separator: "/").last.map(String.init) ?? ""
        let stem = name.hasSuffix(".yaml") ? String(name.dropLast(".yaml".count)) : name
        instance = stem == "config" ? "imattrd" : stem
    }

    /// The signer's socket; nil if there is none.
    var signerSocket: String? {
        let path = "/run/imattrd-signer/\(instance)/signer.sock"
        return access(path, F_OK) == 0 ? path : nil
    }

    /// A folder of credentials with the key from where systemd loads it, plain or encrypted; nil if there is none. It is this user's
    /// only, in memory, and to be removed.
    func makeCredentials() -> String? {
        let name = instance == "imattrd" ? Self.credential : "imattrd.\(instance).secret-key"
        let plain = "/etc/credstore/\(name)"
        let encrypted = "/etc/credstore.encrypted/\(name)"
        guard access(plain, F_OK) == 0 || access(encrypted, F_OK) == 0 else { return nil }
        var template = Array("/run/imattrd-check-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { return nil }
        let folder = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let key = "\(folder)/\(Self.credential)"
        // systemd takes the plain one, where both are.
        if access(plain, F_OK) == 0 {
            symlink(plain, key)
        } else {
            decrypt(encrypted, to: key)
        }
        return folder
    }

    /// Removes what ``makeCredentials()`` has made.
    static func removeCredentials(_ folder: String) {
        unlink("\(folder)/\(credential)")
        rmdir(folder)
    }

    /// What goes wrong is printed by the program, and the key is not there then.
    private func decrypt(_ file: String, to key: String) {
        let arguments = ["decrypt", "--name=\(Self.credential)", file, key]
        guard
            let process = try? Spawn.start(
                "systemd-creds", arguments: arguments, environment: ["PATH=/usr/sbin:/usr/bin:/sbin:/bin"],
                descriptors: (.file("/dev/null", flags: O_RDONLY), .copy(of: STDERR_FILENO), .inherited), group: .ours)
        else { return }
        var status: CInt = 0
        while waitpid(process, &status, 0) < 0, errno == EINTR {}
        chmod(key, 0o600)
    }
}
