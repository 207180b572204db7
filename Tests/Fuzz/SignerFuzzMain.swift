/// libFuzzer's entry for the signer: bytes must not trap and must keep every promise of `SignerLineCheck`.
///
/// Part of no package target; the script `run` beside it compiles it together with the values that it checks.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzSigner(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let faults = SignerLineCheck.faults(of: Array(UnsafeBufferPointer(start: start, count: count)))
    if !faults.isEmpty { fatalError(faults.joined(separator: "; ")) }
    return 0
}
