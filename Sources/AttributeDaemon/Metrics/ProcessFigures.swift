import DaemonConfiguration
import Glibc

/// What the process uses, as the kernel counts it; nil where it does not say.
enum ProcessFigures {
    /// Seconds of processor time, of all threads.
    static var processorSeconds: Double? {
        var time = timespec()
        guard clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time) == 0 else { return nil }
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    /// Bytes of memory that are present.
    static var residentBytes: Int? {
        guard case .success(let text) = SmallFile.read("/proc/self/statm", limit: 4096),
            let pages = residentPages(inStatm: text)
        else { return nil }
        return pages * sysconf(CInt(_SC_PAGESIZE))
    }

    /// Open descriptors, the one that counts them not included.
    static var openDescriptors: Int? {
        guard let folder = opendir("/proc/self/fd") else { return nil }
        defer { closedir(folder) }
        var count = 0
        // Two entries are the folder and its parent; the third is this folder's own.
        while readdir(folder) != nil { count += 1 }
        return max(0, count - 3)
    }

    /// Descriptors that may be open.
    static var maximumDescriptors: Int? {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return nil }
        return Int(clamping: limit.rlim_cur)
    }

    /// The second field is what counts.
    private static func residentPages(inStatm text: [UInt8]) -> Int? {
        let fields = text.split(separator: UInt8(ascii: " "))
        return fields.count > 1 ? Int(String(decoding: fields[1], as: UTF8.self)) : nil
    }
}
