import Glibc

/// How to talk to the demo's daemon from another terminal.
struct Hints {
    var socketPath: String

    var text: String {
        let call = #"{"jsonrpc":"2.0","id":1,"method":"getAttrs","params":{"To_Account":["abc"]}}"#
        return """

            From another terminal:
              IMATTRD_SOCKET=\(socketPath) \(Programs.imattr) get abc
              printf '%s\\n' '\(call)' | nc -U -N \(socketPath)
              python3 -c 'import socket; s = socket.socket(socket.AF_UNIX); s.connect("\(socketPath)"); \
            s.sendall(b"{\\"jsonrpc\\":\\"2.0\\",\\"id\\":1,\\"method\\":\\"ping\\"}\\n"); print(s.makefile().readline())'
            Ctrl-C ends it.
            """
    }
}
