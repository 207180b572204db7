import Glibc

/// What to do about what was found on the way to the daemon, by its units' names.
struct Advice {
    /// The unit of the socket.
    private let socket: String
    /// The instance whose socket it is; nil for the first daemon.
    let instance: String?

    init(socket path: String) {
        let unit = Examination.socketUnit(of: path)
        socket = unit
        instance = unit.hasPrefix("imattrd@") ? String(unit.dropFirst("imattrd@".count).dropLast(".socket".count)) : nil
    }

    private var suffix: String { instance.map { "@" + $0 } ?? "" }
    private var service: String { "imattrd\(suffix).service" }
    private var signer: String { "imattrd-signer\(suffix)" }

    // MARK: The socket

    /// There is no socket file.
    /// - Parameter isListenedOn: Whether a socket that had this path is still open.
    func forMissingSocket(isListenedOn: Bool) -> String {
        if isListenedOn {
            return
                "The socket unit listens, but the file was removed, and 'systemctl start' does nothing then. Have an administrator "
                + "run: systemctl restart \(socket)"
        }
        let start =
            socket.hasPrefix(Examination.furtherSocket)
            ? "systemctl enable \(socket) && systemctl restart \(service)" : "systemctl enable --now \(socket)"
        return "If the path is right, have an administrator run: \(start)"
    }

    /// The user may not connect.
    func forRefusedUser(_ user: String, group: String, isRootsGroup: Bool, isForGroup: Bool) -> String {
        if isRootsGroup, socket.hasPrefix(Examination.furtherSocket) {
            return
                "Only root may connect until a drop-in of \(socket) sets SocketUser= or SocketGroup=: have an administrator write it "
                + "with 'systemctl edit \(socket)', and run: systemctl restart \(socket)"
        }
        if isRootsGroup || !isForGroup {
            return
                "Do not join group \(group) for this. Have an administrator look for drop-ins with 'systemctl cat \(socket)', set "
                + "SocketGroup=imattr and SocketMode=0660 there, and run: systemctl daemon-reload && systemctl restart \(socket)"
        }
        return
            "You are not in group \(group). Have an administrator run 'usermod -a -G \(group) \(user)', then log in again."
    }

    /// Whether a listening socket had this path when it was bound, by proc(5)'s table of them.
    static func isListenedOn(_ path: String, table: String) -> Bool {
        // Num RefCount Protocol Flags Type St Inode Path
        table.split(separator: "\n").contains { line in
            let fields = line.split(separator: " ", maxSplits: 7, omittingEmptySubsequences: true)
            return fields.count == 8 && fields[3] == "00010000" && fields[7] == path
        }
    }

    // MARK: The key

    /// What to do about a daemon that is not ready because of the signer; nil if that is not why.
    func forReason(_ reason: String) -> String? {
        let mark = "signer: "
        guard reason.hasPrefix(mark) else { return nil }
        let what = reason.dropFirst(mark.count)
        if what.hasPrefix("it cannot be reached") {
            return "Have an administrator run: systemctl restart \(signer).socket"
        }
        if what.hasPrefix("it does not answer") || what.hasPrefix("it has closed the connection") {
            return "Have an administrator run: systemctl restart \(signer).service"
        }
        return "Have an administrator correct that, and then run: systemctl restart \(signer).service"
    }

    /// Where a drop-in gives the key to the daemon, the lines that belong to the signer.
    /// - Parameter dropIns: Files that were found, with their text.
    func forKeyOfTheDaemon(_ dropIns: [(path: String, text: String)]) -> String? {
        let found = dropIns.filter { $0.text.split(separator: "\n").contains { $0.hasPrefix("LoadCredential") } }
        guard let path = found.first?.path else { return nil }
        return
            "\(path) gives the key to the daemon, so that the signer is not used. Have an administrator move its LoadCredential "
            + "lines to /etc/systemd/system/\(signer).service.d/key.conf, and run: systemctl daemon-reload && "
            + "systemctl restart \(service)"
    }

    /// The drop-ins of the daemon's unit that this user can read.
    func dropIns() -> [(path: String, text: String)] {
        ["/etc/systemd/system", "/run/systemd/system"].flatMap { place -> [(path: String, text: String)] in
            let folder = "\(place)/\(service).d"
            return Self.names(in: folder).filter { $0.hasSuffix(".conf") }.sorted().compactMap { name in
                Self.text(of: "\(folder)/\(name)").map { ("\(folder)/\(name)", $0) }
            }
        }
    }

    /// The text of a small file; nil if this user cannot read it.
    static func text(of path: String) -> String? {
        guard let file = fopen(path, "re") else { return nil }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 65536)
        while bytes.count < longest {
            let count = fread(&part, 1, part.count, file)
            if count == 0 { break }
            bytes += part[..<count]
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static let longest = 16 << 20

    private static func names(in folder: String) -> [String] {
        guard let directory = opendir(folder) else { return [] }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            names.append(
                withUnsafeBytes(of: entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) })
        }
        return names
    }
}
