/// `getCallers`: who uses the limit.
public enum GetCallers {
    /// Users and connections that are listed, at most, of each.
    public static let most = 100

    static let description = MethodDescription(
        summary: "Who uses the limit: the users, and their connections.",
        details: """
            Only for administrators, as reload. Numbers count from the start of the daemon, or of the connection: two answers say what was \
            asked for in between. Of the users and of the connections, the \(most) with the most accounts are listed.
            """,
        result: Schema.object(
            "The callers.", optional: ["rateLimit", "slotsHeld", "rules"],
            [
                "uptimeSeconds": Schema.count("Seconds since the daemon was started."),
                "rateLimit": Schema.count("Calls in any second, as configured."),
                "slotsHeld": Schema.count("Calls that the server may still count."),
                "users": Schema.array(
                    "By the accounts that they have asked for, the most first.",
                    of: Schema.object(
                        "A user.",
                        [
                            "uid": Schema.count("The user."),
                            "connections": Schema.count("Open connections."),
                            "requests": Schema.count("Requests so far."),
                            "accounts": Schema.count("Accounts in getAttrs requests so far."),
                            "waitingAccounts": Schema.count(
                                "Accounts that no call has left for yet; all those of a socket rpc-NAME with one of its users."
                            ),
                        ])),
                "connections": Schema.array(
                    "Open ones, by the accounts that they have asked for, the most first.",
                    of: Schema.object(
                        "A connection.", optional: ["rule"],
                        [
                            "connection": Schema.count("Its number."),
                            "socket": Schema.string("The socket that it came by: rpc, rpc-NAME or admin."),
                            "rule": Schema.string("The name of the rule that applies to it."),
                            "uid": Schema.count("The user."), "gid": Schema.count("The user's group."),
                            "pid": Schema.count("The process that made the connection; 0 if it is not known."),
                            "openSeconds": Schema.count("How long it has been open."),
                            "requests": Schema.count("Requests so far."),
                            "accounts": Schema.count("Accounts in getAttrs requests so far."),
                            "waitingRequests": Schema.count("Requests that have not been answered."),
                            "unreadBytes": Schema.count("Bytes of answers that it has not read."),
                        ])),
                "connectionCount": Schema.count("Open connections in all."),
                "rules": Schema.array("The rules, in their order.", of: GetStatus.rule),
            ]), example: nil)
}
