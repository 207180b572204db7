/// Something that a running sandbox is asked to change or report, as a line of text.
public enum ControlLine: Sendable, Equatable {
    /// Adds a fault behind those that there are.
    case fault(Fault)
    /// Removes all faults.
    case noFaults
    /// Begins an outage: this happens to every call.
    case outage(Fault.Kind)
    /// Ends the outage.
    case noOutage
    /// Makes all connections useless that wait for a request.
    case endIdle(IdleEnd)
    /// Reports what the sandbox has seen.
    case report

    /// What came of it.
    public enum Outcome: Sendable, Equatable {
        /// It is done.
        case done
        /// So many connections were made useless.
        case ended(connections: Int)
        /// What the sandbox has seen.
        case report(SandboxReport)
    }

    /// How these lines are written, for a help page.
    public static let textFormat = """
        fault FAULT (adds one, as --fault), no-faults (removes all), outage KIND (what happens to every call), \
        no-outage, end-idle \(IdleEnd.allCases.map(\.rawValue).joined(separator: "|")) (what happens to all connections \
        that wait for a request), report
        """

    /// What the line `text` asks for, in the form of ``textFormat``. Throws ``FaultTextError``.
    public init(text: String) throws(FaultTextError) {
        let name = text.prefix { $0 != " " }
        let value = text.dropFirst(name.count + 1)
        switch (name, value.isEmpty) {
        case ("fault", false): self = .fault(try Fault(text: String(value)))
        case ("no-faults", true): self = .noFaults
        case ("outage", false): self = .outage(try Fault.Kind(text: value))
        case ("no-outage", true): self = .noOutage
        case ("end-idle", false):
            guard let how = IdleEnd(rawValue: String(value)) else { throw Self.unknown(text) }
            self = .endIdle(how)
        case ("report", true): self = .report
        default: throw Self.unknown(text)
        }
    }

    private static func unknown(_ text: String) -> FaultTextError {
        FaultTextError(reason: "\(text) is none of: \(textFormat)")
    }
}

extension SandboxServer {
    /// Does what a line asks for.
    public func obey(_ line: ControlLine) async -> ControlLine.Outcome {
        switch line {
        case .fault(let fault): await configure { $0.faults.append(fault) }
        case .noFaults: await setFaults([])
        case .outage(let kind): await setOutage(kind)
        case .noOutage: await setOutage(nil)
        case .endIdle(let how): return .ended(connections: await endIdleConnections(how))
        case .report: return .report(await report())
        }
        return .done
    }
}
