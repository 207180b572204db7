import IMAttrClient
import JSONTokens

/// Does with the client what it is told on standard input, and says on standard output what came of it, one JSON object a
/// line each way: how the shared transcripts hold the client to what they say.
@main
struct Driver {
    static func main() async {
        Output.say { json in
            json.key("driver")
            json.string("swift")
            json.key("features")
            json.array { json in
                for feature in [
                    "concurrent", "cancel", "stream", "pause", "reconnect", "bigint", "large", "duplex", "loop",
                ] {
                    json.string(feature)
                }
            }
        }
        var session = Session()
        while let line = readLine() {
            do {
                await session.perform(try Command(line))
            } catch {
                Output.complain("\(error) in \(line.prefix(200))")
            }
        }
        await session.end()
    }
}
