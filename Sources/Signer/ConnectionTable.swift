/// The open connections, in the order in which they came. A value without input or output.
struct ConnectionTable<Connection> {
    /// Connections at once. The daemon needs one; another daemon may still have its own while it is replaced.
    static var capacity: Int { 4 }

    /// The oldest one first.
    var connections: [Connection] = []

    /// Adds a connection.
    /// - Returns: The oldest one, if it has to make room.
    mutating func admit(_ connection: Connection) -> Connection? {
        let displaced = connections.count >= Self.capacity ? connections.removeFirst() : nil
        connections.append(connection)
        return displaced
    }

    /// Takes those out for which this holds.
    mutating func remove(where isOver: (Connection) -> Bool) { connections.removeAll(where: isOver) }
}

extension ConnectionTable: Sendable where Connection: Sendable {}
