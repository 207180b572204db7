import Glibc
import Testing

@testable import UserSig

/// Where the key is kept.
@Suite struct SecretKeyTests {
    /// What the kernel says of the mapping at an address, from its first line in /proc/self/smaps to the next one's.
    private func mapping(at address: UInt) throws -> [String] {
        let file = try #require(fopen("/proc/self/smaps", "r"))
        defer { fclose(file) }
        var lines: [String] = []
        var line: UnsafeMutablePointer<CChar>?
        var capacity = 0
        defer { free(line) }
        while getline(&line, &capacity, file) > 0 {
            guard let text = line.map({ String(cString: $0) }) else { break }
            // 7f0000000000-7f0000001000 rw-p …
            let bounds = text.prefix { $0 != " " }.split(separator: "-").compactMap { UInt($0, radix: 16) }
            if bounds.count == 2 {
                if !lines.isEmpty { return lines }
                if (bounds[0]..<bounds[1]).contains(address) { lines = [text] }
            } else if !lines.isEmpty {
                lines.append(text)
            }
        }
        return lines
    }

    @Test func itsPageIsLockedAndInNoCore() throws {
        let key = SecretKey("the-secret-text")
        let address = key.withBytes { $0.withUnsafeBytes { UInt(bitPattern: $0.baseAddress) } }
        #expect(key.isLocked)
        #expect(address % UInt(sysconf(CInt(_SC_PAGESIZE))) == 0)
        let flags = try #require(try mapping(at: address).first { $0.hasPrefix("VmFlags:") })
        for flag in ["lo", "dd", "dc"] {
            #expect(flags.split(separator: " ").contains { $0.hasPrefix(flag) }, "\(flags)")
        }
    }

    @Test func thereIsOnePlaceWhoeverHoldsIt() {
        let key = SecretKey("the-secret-text")
        let copy = key
        let signer = UserSigSigner(sdkAppID: 1, key: copy)
        let signature = signer.sign(identifier: "a", issuedAt: 1, validFor: 1)
        key.wipe()
        #expect(copy.withBytes { key in key.indices.allSatisfy { key[$0] == 0 } })
        #expect(signer.sign(identifier: "a", issuedAt: 1, validFor: 1) != signature)
    }

    @Test func whatIsWrittenIsTheKey() throws {
        let key = SecretKey(capacity: 4096) { bytes in
            #expect(bytes.count == 4096)
            bytes.copyBytes(from: Array("abc-and-more".utf8))
            return 3
        }
        #expect(key == SecretKey("abc"))
        #expect(key != SecretKey("abd"))
        #expect(key != SecretKey("abcd"))
        #expect(SecretKey("").withBytes { $0.isEmpty })
    }

    @Test func aFailureToWriteIsPassedOn() {
        struct Refused: Error {}
        #expect(throws: Refused.self) { try SecretKey(capacity: 1) { _ throws(Refused) in throw Refused() } }
    }

    /// Signed by our own code, verified by the library's, at both sides of the block's size.
    @Test(arguments: [0, 1, 63, 64, 65, 4096])
    func anyLengthSigns(length: Int) throws {
        let key = SecretKey(String(repeating: "k", count: length))
        let text = UserSigSigner(sdkAppID: 7, key: key).sign(identifier: "admin", issuedAt: 1000, validFor: 60).text
        try UserSigVerifier(sdkAppID: 7, key: key).verify(text, identifier: "admin", now: 1030)
    }
}
