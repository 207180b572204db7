/// What a user may have meant by a mistyped word.
enum Suggestions {
    /// The candidates that are most like a word, if any is like it: it begins with the word, or up to two letters are missing, added,
    /// exchanged or swapped with the next one (one in words of up to four letters).
    static func like(_ word: String, among candidates: [String]) -> [String] {
        let allowed = word.count <= 4 ? 1 : 2
        let distances = candidates.map { candidate in
            let isBeginning = word.count >= 2 && candidate.hasPrefix(word)
            return (candidate, isBeginning ? 0 : distance(Array(word.lowercased()), Array(candidate.lowercased())))
        }
        guard let least = distances.map(\.1).min(), least <= allowed else { return [] }
        return distances.filter { $0.1 == least }.map(\.0)
    }

    /// `Did you mean 'status'?`; empty if nothing is like the word.
    static func question(_ word: String, among candidates: [String]) -> String {
        let like = like(word, among: candidates).map { "'\($0)'" }
        return like.isEmpty ? "" : " Did you mean \(like.joined(separator: " or "))?"
    }

    /// The optimal string alignment distance.
    private static func distance(_ one: [Character], _ other: [Character]) -> Int {
        var rows = [Array(0...other.count)]
        for i in one.indices {
            var row = [i + 1]
            for j in other.indices {
                var least = min(rows[i][j + 1] + 1, row[j] + 1, rows[i][j] + (one[i] == other[j] ? 0 : 1))
                if i > 0, j > 0, one[i] == other[j - 1], one[i - 1] == other[j] {
                    least = min(least, rows[i - 1][j - 1] + 1)
                }
                row.append(least)
            }
            rows.append(row)
        }
        return rows[one.count][other.count]
    }

    /// The word among the arguments that should be a command but is none; nil if all is well or something else is wrong.
    ///
    /// - Parameter valueOptions: The options before a command that have a value.
    static func unknownCommand(
        in arguments: some Sequence<String>, known: [String], valueOptions: Set<String>
    ) -> String? {
        var isValue = false
        for argument in arguments {
            if isValue {
                isValue = false
            } else if valueOptions.contains(argument) {
                isValue = true
            } else if !argument.hasPrefix("-") {
                return known.contains(argument) ? nil : argument
            }
        }
        return nil
    }
}
