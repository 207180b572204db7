/// Reads the text format of OpenMetrics 1.0, and takes nothing that it forbids. It shares no code with the writer.
struct OpenMetricsParser {
    struct Fault: Error, CustomStringConvertible {
        let description: String
    }

    struct Sample: Hashable {
        let name: String
        let labels: [String: String]
        let value: Double
    }

    struct Family {
        let name: String
        var type: String?
        var unit: String?
        var help: String?
        var samples: [Sample] = []
    }

    private(set) var families: [Family] = []

    init(_ text: String) throws {
        guard text.hasSuffix("\n") else { throw Fault(description: "the last line has no end") }
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
        guard lines.popLast() == "# EOF" else { throw Fault(description: "the last line is not # EOF") }
        for line in lines {
            do { try read(String(line)) } catch let fault as Fault { throw Fault(description: "\(fault): \(line)") }
        }
        for family in families {
            do { try Self.check(family) } catch let fault as Fault {
                throw Fault(description: "\(family.name): \(fault)")
            }
        }
    }

    /// The value of a sample; nil if it is not there.
    func value(_ name: String, _ labels: [String: String] = [:]) -> Double? {
        families.flatMap(\.samples).first { $0.name == name && $0.labels == labels }?.value
    }

    // MARK: Lines

    private mutating func read(_ line: String) throws {
        if line.hasPrefix("# ") { try readMetadata(line) } else { try readSample(line) }
    }

    private mutating func readMetadata(_ line: String) throws {
        let words = line.split(separator: " ", maxSplits: 3, omittingEmptySubsequences: false).map(String.init)
        guard words.count == 4 else { throw Fault(description: "no metadata") }
        let (kind, name, text) = (words[1], words[2], words[3])
        guard Self.isName(name) else { throw Fault(description: "no name") }
        if families.last?.name != name {
            guard !families.contains(where: { $0.name == name }) else { throw Fault(description: "interleaved") }
            families.append(Family(name: name))
        }
        guard families[families.count - 1].samples.isEmpty else { throw Fault(description: "metadata after samples") }
        let place: WritableKeyPath<Family, String?>
        switch kind {
        case "TYPE": place = \.type
        case "UNIT": place = \.unit
        case "HELP": place = \.help
        default: throw Fault(description: "unknown metadata")
        }
        guard families[families.count - 1][keyPath: place] == nil else { throw Fault(description: "given twice") }
        families[families.count - 1][keyPath: place] = text
    }

    private mutating func readSample(_ line: String) throws {
        var rest = Substring(line)
        let name = String(rest.prefix { $0 != "{" && $0 != " " })
        guard Self.isName(name) else { throw Fault(description: "no name") }
        rest = rest.dropFirst(name.count)
        let labels = rest.first == "{" ? try Self.labels(&rest) : [:]
        guard rest.first == " ", let value = Self.number(rest.dropFirst()) else { throw Fault(description: "no value") }
        guard let family = families.last, let type = family.type,
            Self.suffixes(of: type).contains(where: { family.name + $0 == name })
        else { throw Fault(description: "no sample of the family") }
        let sample = Sample(name: name, labels: labels, value: value)
        guard !family.samples.contains(where: { $0.name == name && $0.labels == labels }) else {
            throw Fault(description: "given twice")
        }
        families[families.count - 1].samples.append(sample)
    }

    private static func labels(_ rest: inout Substring) throws -> [String: String] {
        var labels: [String: String] = [:]
        repeat {
            rest = rest.dropFirst()
            let name = String(rest.prefix { $0 != "=" })
            rest = rest.dropFirst(name.count)
            guard isName(name), !name.contains(":"), rest.hasPrefix("=\""), labels[name] == nil else {
                throw Fault(description: "wrong label")
            }
            rest = rest.dropFirst(2)
            labels[name] = try quoted(&rest)
        } while rest.first == ","
        guard rest.first == "}" else { throw Fault(description: "labels do not end") }
        rest = rest.dropFirst()
        return labels
    }

    /// A label's value up to its quotation mark, which is passed.
    private static func quoted(_ rest: inout Substring) throws -> String {
        var text = ""
        while let character = rest.popFirst() {
            if character == "\"" { return text }
            guard character == "\\" else {
                text.append(character)
                continue
            }
            switch rest.popFirst() {
            case "\\": text.append("\\")
            case "\"": text.append("\"")
            case "n": text.append("\n")
            default: throw Fault(description: "wrong escape")
            }
        }
        throw Fault(description: "a label's value does not end")
    }

    private static func isName(_ text: String) -> Bool {
        guard let first = text.utf8.first, !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first) else {
            return false
        }
        return text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: ":"):
                true
            default: false
            }
        }
    }

    private static func number(_ text: Substring) -> Double? {
        guard !text.contains(" "), !text.isEmpty, !text.lowercased().contains("n") else { return nil }
        return Double(text)
    }

    // MARK: Families

    private static func suffixes(of type: String) -> [String] {
        switch type {
        case "counter": ["_total"]
        case "gauge", "stateset": [""]
        case "info": ["_info"]
        case "histogram": ["_bucket", "_count", "_sum"]
        default: []
        }
    }

    private static func check(_ family: Family) throws {
        guard let type = family.type, !suffixes(of: type).isEmpty else { throw Fault(description: "unknown type") }
        if let unit = family.unit, !family.name.hasSuffix("_" + unit) { throw Fault(description: "unit and name") }
        for sample in family.samples {
            switch type {
            case "counter", "histogram":
                guard sample.value >= 0 else { throw Fault(description: "negative") }
            case "info":
                guard sample.value == 1 else { throw Fault(description: "an info that is not 1") }
            case "stateset":
                guard [0, 1].contains(sample.value), sample.labels[family.name] != nil else {
                    throw Fault(description: "wrong state")
                }
            default: break
            }
        }
        if type == "histogram", !family.samples.isEmpty { try checkHistogram(family) }
    }

    /// One histogram without labels of its own.
    private static func checkHistogram(_ family: Family) throws {
        let buckets = family.samples.filter { $0.name.hasSuffix("_bucket") }
        let bounds = buckets.map { $0.labels["le"] == "+Inf" ? .infinity : Double($0.labels["le"] ?? "") ?? .nan }
        let counts = buckets.map(\.value)
        let count = family.samples.first { $0.name.hasSuffix("_count") }?.value
        guard bounds == bounds.sorted(), !bounds.contains(where: \.isNaN), bounds.last == .infinity else {
            throw Fault(description: "bounds")
        }
        guard counts == counts.sorted(), counts.last == count else { throw Fault(description: "counts") }
        guard family.samples.contains(where: { $0.name.hasSuffix("_sum") }) else { throw Fault(description: "no sum") }
    }
}
