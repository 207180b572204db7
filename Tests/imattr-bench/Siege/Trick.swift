/// One way to hurt other callers.
struct Trick: Sendable {
    let name: String
    /// What the sandbox does wrong, as its `--fault`.
    var faults: [String] = []
    /// What the attacker does.
    var moves: [Move] = []
    /// Lines that the sandbox is given twice a second, as its `--control` takes them.
    var control: [String] = []
    /// Open files that the daemon may have; nil leaves it what it is given.
    var descriptors: Int?
    var bounds = SiegeRow.Bounds.usual
    /// Whether the victim connects only when the attack goes on.
    var victimComesLater = false

    /// The trick of this name; nil if there is none.
    static func named(_ name: String) -> Trick? { (everything + groups).first { $0.name == name } }

    /// Those that go together in one attack.
    static let combinable = badAccounts + givenUp + oddEntries + strayAnswers + hogs + lostConnections

    /// All tricks, singly, and most of them together.
    static let everything =
        combinable + [muteConnections, fewDescriptors, manyUsers, together("together", combinable)]

    /// Tricks of a kind together, for a look that takes not so long.
    static let groups = [
        together("bad-accounts", badAccounts), together("given-up", givenUp), together("odd-entries", oddEntries),
        together("stray-answers", strayAnswers), together("hogs", hogs), together("idle", lostConnections),
    ]

    /// A trick of all of these.
    private static func together(_ name: String, _ tricks: [Trick]) -> Trick {
        Trick(
            name: name, faults: tricks.flatMap(\.faults), moves: tricks.flatMap(\.moves),
            control: tricks.flatMap(\.control))
    }
}

extension Trick {
    /// Accounts that make any call fail that asks for them.
    private static let badAccounts = [
        bad("code", "error=90003"), bad("code-91000", "error=91000"), bad("http-403", "status=403"),
        bad("http-500", "status=500"), bad("garbage", "garbage"), bad("truncated", "truncated"),
        bad("reset", "reset"), bad("reset-in-body", "reset-in-body"), bad("cut", "cut"), bad("hang", "hang"),
        bad("refused-in-groups", "error=90003@others"),
        Trick(
            // Few of many, so that each full call of the attacker holds one.
            name: "hidden-code", faults: ["error=90003@prefix=hidden-code.bad."],
            moves: [Move(1, .ask(.withOneBad(prefix: "hidden-code.", accounts: 100), depth: 20))]),
    ]

    private static func bad(_ name: String, _ fault: String) -> Trick {
        Trick(
            name: name, faults: ["\(fault)@prefix=\(name)."],
            moves: [Move(4, .ask(.fresh(prefix: "\(name).", accounts: 1), depth: 25))])
    }

    /// Accounts that make calls go wrong, and that nobody waits for any more by then, so that none is found at fault.
    private static let givenUp = [
        brief("brief-code", "error=90003"), brief("brief-500", "status=500"), brief("brief-reset", "reset"),
        brief("brief-stranger", "stranger"),
        // Every call is silent at first, and a call is given up after a second.
        brief("brief-hang", "hang", bounds: SiegeRow.Bounds(askExtra: .milliseconds(1_080))),
    ]

    private static func brief(_ name: String, _ fault: String, bounds: SiegeRow.Bounds = .usual) -> Trick {
        Trick(
            name: name, faults: ["\(fault)@prefix=\(name)."],
            moves: [Move(4, .ask(.brief(prefix: "\(name)."), depth: 25))], bounds: bounds)
    }

    /// Accounts whose entries are odd.
    private static let oddEntries = [
        odd(
            "odd-attrs",
            [
                "attrs-null", "attrs-list", "attrs-missing", "attrs-twice", "value-cut", "value-surrogate",
                "value-control", "value-escape", "twice",
            ]),
        odd(
            "odd-account",
            [
                "account-missing", "account-number", "account-twice", "account-cut", "account-surrogate",
                "account-control", "account-escape", "null", "string",
            ]),
        odd("no-json", ["value-nan", "value-zeros"]),
    ]

    private static func odd(_ name: String, _ shapes: [String]) -> Trick {
        Trick(
            name: name, faults: shapes.map { "entry=\($0)@prefix=\(name).\($0)." },
            moves: shapes.map { Move(1, .ask(.fresh(prefix: "\(name).\($0).", accounts: 1), depth: 8)) })
    }

    /// Accounts that make answers come to the wrong call.
    private static let strayAnswers = [
        bad("stray", "stray"), bad("stranger", "stranger"), bad("only-stranger", "only-stranger"),
        bad("repeated", "repeated"), bad("repeated-later", "repeated=10"),
        bad("trailing", "trailing=HTTP/1.1 200 OK"),
    ]

    /// Taking more than one's part, without any fault of the upstream.
    private static let hogs = [
        Trick(
            name: "read-nothing",
            moves: [
                Move(70, .readNothing(.held(prefix: "read-nothing.", accounts: 5_000))),
                Move(70, .readNothing(.fresh(prefix: "read-nothing.", accounts: 5_000))),
            ]),
        Trick(name: "half-lines", moves: [Move(64, .halfLine(bytes: (4 << 20) - 1))]),
        Trick(
            name: "status-loop",
            moves: [
                Move(1, .ask(.fresh(prefix: "status-loop.", accounts: 9_900), depth: 15)),
                Move(4, .ask(.status, depth: 32)),
            ]),
        Trick(name: "metrics-loop", moves: [Move(4, .ask(.metrics, depth: 32))]),
        Trick(
            name: "joiners", faults: ["slow=5000@prefix=joiners."],
            moves: [Move(16, .ask(.joining(prefix: "joiners."), depth: 75_000))]),
        Trick(name: "reconnect", moves: [Move(16, .reconnect(.held(prefix: "reconnect.", accounts: 1)))]),
        Trick(name: "connections", moves: [Move(2_048, .stay), Move(16, .reconnect(.status))]),
    ]

    /// Idle upstream connections that are dead.
    private static let lostConnections = [
        Trick(name: "idle-reset", control: ["end-idle reset-on-use"]),
        Trick(name: "idle-closed", control: ["end-idle close"]),
    ]

    /// Connections that are dead behind something that acknowledges. A call waits for its time-out then, once.
    private static let muteConnections = Trick(
        name: "idle-mute", control: ["end-idle mute"],
        bounds: SiegeRow.Bounds(askExtra: upstreamTimeout + .milliseconds(80), bulkShare: nil))

    /// The daemon's default.
    private static let upstreamTimeout = Duration.seconds(5)

    private static let fewDescriptors = Trick(
        name: "descriptors", moves: [Move(70, .stay), Move(4, .reconnect(.status))], descriptors: 64)

    private static let manyUsers = Trick(
        name: "200-users",
        moves: [
            Move(200, users: 200, .ask(.fresh(prefix: "200-users.", accounts: 9_000), depth: 2)),
            Move(200, users: 200, .halfLine(bytes: 2 << 20)),
            Move(200, users: 200, .readNothing(.held(prefix: "200-users-held.", accounts: 1000))),
            Move(3_000, users: 200, .stay),
        ],
        // The limit and the queue are divided among all users: a large job gets its part of them, which is small.
        bounds: SiegeRow.Bounds(bulkShare: nil, bulkFailures: nil), victimComesLater: true)
}
