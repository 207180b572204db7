import CSystemd
import Glibc

/// A file without a name, in memory, that lives as long as anybody has it open.
public enum MemoryFile {
    /// Makes one of `size` zero bytes; nil if there is no memory for it.
    /// - Parameter name: Seen in `/proc/PID/fd` only.
    public static func make(name: String, size: Int) -> CInt? {
        let descriptor = csystemd_memory_file(name)
        guard descriptor >= 0 else { return nil }
        guard ftruncate(descriptor, off_t(size)) == 0 else {
            close(descriptor)
            return nil
        }
        return descriptor
    }
}
