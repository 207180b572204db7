import ArgumentParser

/// `imattr-bench`: measures an imattrd in front of the sandbox.
@main
struct BenchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "imattr-bench",
        abstract: "Measures imattrd in front of imattr-sandbox, side by side with what it should reach.",
        discussion: """
            Starts the imattrd and the imattr-sandbox that stand beside it, as often as it needs them, in a temporary \
            folder. Exits with 1 if a target is missed. Wrong and lost answers are counted, and miss a target. Use a \
            release build, on a machine that does nothing else.
            """,
        subcommands: [
            Limit.self, Callers.self, Wait.self, Fairness.self, Poison.self, Restart.self, Outage.self, All.self,
            Compare.self, Growing.self, Sieging.self, Attack.self,
        ])

    static func main() async {
        OpenFiles.raiseLimit()
        await main(nil)
    }

    struct Limit: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Use of the rate limit under saturation, beside a token bucket, even spacing, and a log of sends."
        )
        @OptionGroup var options: MeasurementOptions
        func run() async throws { try await MeasurementRun.run([LimitUse.self], options) }
    }

    struct Callers: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "1,000 connections asking for one account each, again and again; processor time per answer.")
        @OptionGroup var options: MeasurementOptions
        func run() async throws { try await MeasurementRun.run([ManyCallers.self], options) }
    }

    struct Wait: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "How long a one-account question waits beside a 100,000-account job and 50 other callers.")
        @OptionGroup var options: MeasurementOptions
        func run() async throws { try await MeasurementRun.run([NewcomersWait.self], options) }
    }

    struct Fairness: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Jain's index of the accounts answered to 20 callers with equal jobs, second by second.")
        @OptionGroup var options: MeasurementOptions
        func run() async throws { try await MeasurementRun.run([EqualJobs.self], options) }
    }

    struct Poison: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "60 requests that share a call, one of them with an account that the upstream refuses.")
        @OptionGroup var options: MeasurementOptions
        func run() async throws { try await MeasurementRun.run([PoisonedAccount.self], options) }
    }

    struct Restart: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "kill -9 and start again in mid-load, ten times; clients connect again and repeat.")
        @OptionGroup var options: MeasurementOptions
        func run() async throws { try await MeasurementRun.run([KillAndRestart.self], options) }
    }

    struct Outage: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "The upstream fails wholly for 10 seconds, then is well: by 502, by resets, by hanging.")
        @OptionGroup var options: MeasurementOptions
        func run() async throws { try await MeasurementRun.run([UpstreamOutage.self], options) }
    }

    struct All: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Everything, in this order; about a quarter of an hour.")
        @OptionGroup var options: MeasurementOptions
        func run() async throws {
            try await MeasurementRun.run(
                [
                    LimitUse.self, ManyCallers.self, NewcomersWait.self, EqualJobs.self, PoisonedAccount.self,
                    KillAndRestart.self, UpstreamOutage.self,
                ], options)
        }
    }

    struct Compare: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract:
                "What requests cost, beside a bare epoll loop, asyncio, nginx, and scripts that do it themselves.",
            discussion: """
                Run it in the project's folder. Tests/Comparisons/prepare says what it needs. Each figure is the median of \
                rounds in which all take their turns; one whose rounds differ too much is not told, and misses its target.
                """)
        @OptionGroup var options: MeasurementOptions
        func run() async throws {
            try await MeasurementRun.run(
                [
                    DoorCost.self, ForwardedCall.self, MergedCallers.self, Footprint.self, Activation.self,
                    OneShot.self, PackageSize.self,
                ], options)
        }
    }

    struct Growing: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "growth",
            abstract: "Processor time an account, for 1 to 10,000 callers and 1 to 1,000,000 waiting accounts.")
        @OptionGroup var options: MeasurementOptions
        func run() async throws { try await MeasurementRun.run([Growth.self], options) }
    }

    struct Sieging: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "siege",
            abstract: "What an attacker can do to another user's requests, trick by trick and all together.",
            discussion: """
                Run it as root on two cores or more: users 65100 to 65299 attack, user 65500 is the victim, the daemon \
                has the first core for itself, and all but the attackers has real-time priority. The victim sends a ping and asks for one account every 20 ms, \
                for --seconds alone, then beside each attack, then for as long again beside a large job of its own. \
                Tricks: \(Trick.everything.map(\.name).joined(separator: ", ")), and \(StatusCost.name), which is what a \
                getStatus costs while 300,000 accounts wait. Groups of tricks, which are no part of a run of all: \
                \(Trick.groups.map(\.name).joined(separator: ", ")).
                """)
        @OptionGroup var options: MeasurementOptions
        @Option(name: .customLong("trick"), help: ArgumentHelp("Only this trick; may be repeated.", valueName: "name"))
        var tricks: [String] = []
        @Flag(help: "Wait half a minute after each attack, and look at the daemon's memory again.")
        var long = false

        func validate() throws {
            if let name = tricks.first(where: { Trick.named($0) == nil && $0 != StatusCost.name }) {
                throw ValidationError("There is no trick \(name).")
            }
        }

        func run() async throws {
            var siege = Siege(seconds: options.seconds)
            if !tricks.isEmpty {
                siege.tricks = tricks.compactMap(Trick.named)
                siege.measuresStatus = tricks.contains(StatusCost.name)
            }
            siege.waitsForMemory = long
            try await MeasurementRun.run([siege], options)
        }
    }
}
