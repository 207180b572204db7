import Glibc

/// The daemon's socket as the file system shows it to this user.
struct SocketFile {
    let owner: uid_t
    let group: gid_t
    /// The permission bits alone.
    let mode: mode_t
    let isSocket: Bool
    /// Whether the kernel would let this user connect.
    let isWritable: Bool

    /// Looks at a path, through links.
    ///
    /// - Returns: The file, or the errno of looking at it.
    static func look(at path: String) -> Result<SocketFile, SystemError> {
        var found = stat()
        guard stat(path, &found) == 0 else { return .failure(SystemError(errno: errno)) }
        return .success(
            SocketFile(
                owner: found.st_uid, group: found.st_gid, mode: found.st_mode & 0o7777,
                isSocket: found.st_mode & S_IFMT == S_IFSOCK, isWritable: access(path, W_OK) == 0))
    }

    /// An error of the system.
    struct SystemError: Error {
        let errno: CInt
    }

    /// Owner, group and mode as `ls` prints them: `root:imattr 0660`.
    var rights: String {
        let digits = String(mode, radix: 8)
        let octal = String(repeating: "0", count: max(0, 4 - digits.count)) + digits
        return "\(Names.user(owner)):\(Names.group(group)) \(octal)"
    }
}

/// Names of users and groups, or their numbers where they have none.
enum Names {
    static func user(_ uid: uid_t) -> String {
        getpwuid(uid).map { String(cString: $0.pointee.pw_name) } ?? String(uid)
    }

    static func group(_ gid: gid_t) -> String {
        getgrgid(gid).map { String(cString: $0.pointee.gr_name) } ?? String(gid)
    }

    /// Whether this process has a group's rights.
    static func processHas(_ gid: gid_t) -> Bool {
        var groups = [gid_t](repeating: 0, count: max(1, Int(getgroups(0, nil))))
        let count = Int(getgroups(CInt(groups.count), &groups))
        return getegid() == gid || groups.prefix(max(0, count)).contains(gid)
    }

    /// Whether the group's list names a user, which holds from the next login on.
    static func isListed(_ user: String, in gid: gid_t) -> Bool {
        guard let group = getgrgid(gid) else { return false }
        var member = group.pointee.gr_mem
        while let name = member?.pointee {
            if String(cString: name) == user { return true }
            member = member?.advanced(by: 1)
        }
        return false
    }
}
