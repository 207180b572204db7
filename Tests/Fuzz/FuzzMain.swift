/// libFuzzer's entry: a line must not trap and must keep every promise of `LineCheck`.
///
/// Part of no package target; the script `run` beside it compiles it.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOneLine(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let faults = LineCheck.faults(of: Array(UnsafeBufferPointer(start: start, count: count)))
    if !faults.isEmpty { fatalError(faults.joined(separator: "; ")) }
    return 0
}
