/// When an answer was made by the server's clock, and when it came by ours. What the header says is looked into only where somebody
/// wants to know.
struct AnswerDate {
    /// The `Date` header.
    let header: String
    /// Seconds since 1970.
    let cameAt: Int64

    /// Our clock less the server's, in seconds; nil if the header cannot be read.
    var skewSeconds: Int64? { HTTPDate.secondsSince1970(header).map { cameAt - $0 } }
}
