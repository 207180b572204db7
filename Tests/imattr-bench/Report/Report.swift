import ArgumentParser
import FoundationEssentials
import Glibc

/// Collects what measurements have shown, and says it: a table as it grows, or JSON at the end.
struct Report {
    let asJSON: Bool
    private var sections: [Section] = []

    init(asJSON: Bool) {
        self.asJSON = asJSON
    }

    var isMet: Bool { sections.allSatisfy { $0.findings.allSatisfy(\.isMet) } }

    mutating func add(_ section: Section) {
        sections.append(section)
        if !asJSON { Self.line(section.text) }
    }

    /// Says what is still to be said.
    func end() throws {
        guard asJSON else { return Self.line(isMet ? "All targets are met." : "Some targets are MISSED.") }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes, .prettyPrinted]
        let document = Document(met: isMet, sections: sections)
        Self.line(String(decoding: try encoder.encode(document), as: UTF8.self))
    }

    private struct Document: Encodable {
        let met: Bool
        let sections: [Section]
    }

    /// Written at once: runs are long, and somebody may watch them through a pipe.
    private static func line(_ text: String) {
        var rest = Array((text + "\n").utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { write(STDOUT_FILENO, $0.baseAddress, $0.count) }
            // Nobody is left to be told that nobody listens.
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }
}
