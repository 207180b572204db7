import CSystemd
import Glibc

/// A file without a name, in memory, that lives as long as anybody has it open.
public enum MemoryFile {
    /// Makes one that is empty; nil if there is no memory for it.
    /// - Parameter name: Seen in `/proc/PID/fd` only.
    public static func make(name: String) -> CInt? {
        // A C function, with a text that lives until it returns.
        let descriptor = unsafe csystemd_memory_file(name)
        return descriptor >= 0 ? descriptor : nil
    }
}
