import NIOCore

/// The open connections of a server. Belongs to its event loop.
struct Connections {
    private var handlers: [ObjectIdentifier: CallHandler] = [:]

    mutating func add(_ handler: CallHandler) { handlers[ObjectIdentifier(handler)] = handler }
    mutating func remove(_ handler: CallHandler) { handlers[ObjectIdentifier(handler)] = nil }

    /// Those that wait for a request.
    var idle: [CallHandler] { handlers.values.filter(\.isIdle) }
}

/// How connections that wait for a request become useless.
public enum IdleEnd: String, Sendable, CaseIterable {
    /// They are reset (TCP RST).
    case reset
    /// They are reset when the next request comes: so a client learns of a fail-over or of a forgotten NAT entry.
    case resetOnUse = "reset-on-use"
    /// They are closed.
    case close
    /// They stay open and take every byte, and never answer again.
    case mute
}
