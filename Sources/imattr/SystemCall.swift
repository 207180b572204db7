import Glibc

/// Calls of the C library whose names would collide with ours, and its words for its error numbers.
enum SystemCall {
    static func read(_ descriptor: CInt, _ bytes: UnsafeMutableRawPointer?, _ count: Int) -> Int {
        Glibc.read(descriptor, bytes, count)
    }

    static func write(_ descriptor: CInt, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int {
        Glibc.write(descriptor, bytes, count)
    }

    static func text(of errno: CInt) -> String {
        guard let text = strerror(errno) else { return "error \(errno)" }
        return String(cString: text)
    }
}
