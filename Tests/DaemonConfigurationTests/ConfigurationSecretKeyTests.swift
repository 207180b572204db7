import Glibc
import Testing
import UserSig

@testable import DaemonConfiguration

@Suite struct ConfigurationSecretKeyTests {
    private let folder: ConfigurationFolder
    private static let key = "made-up-key-of-a-configuration-test"

    init() throws { folder = try ConfigurationFolder() }

    /// What is wrong with a file; nil if it has the key.
    private func problem(_ path: String, credentialsDirectory: String? = nil) -> String? {
        switch SecretKeyFile.read(path, credentialsDirectory: credentialsDirectory) {
        case .success(let key): key == SecretKey(Self.key) ? nil : "another key"
        case .failure(let problem): problem.description
        }
    }

    @Test(arguments: ["", "\n", "\r\n", " \t\n\n", "\u{0B}\u{0C}"])
    func whiteSpaceAtTheEndIsDropped(space: String) throws {
        #expect(problem(try folder.write((Self.key + space).utf8, to: "key")) == nil)
    }

    @Test(arguments: [" \(key)", "\n\(key)", "\(key) \(key)", "\(key)\n\(key)\n", "\(key)\t#"])
    func whiteSpaceInsideIsRefused(text: String) throws {
        let path = try folder.write(text.utf8, to: "key")
        #expect(problem(path) == "secretKeyFile: \(path): has white space inside; a key is one word")
    }

    @Test(arguments: ["", "\n", "  \r\n"])
    func emptyFileIsRefused(text: String) throws {
        let path = try folder.write(text.utf8, to: "key")
        #expect(problem(path) == "secretKeyFile: \(path): is empty; put the app's secret key there")
    }

    @Test func markOfAnEncodingIsRefused() throws {
        let marked = try folder.write(("\u{FEFF}" + Self.key).utf8, to: "marked")
        #expect(problem(marked) == "secretKeyFile: \(marked): begins with a byte order mark; save it without one")
        for (index, mark) in ([[0xFF, 0xFE], []] as [[UInt8]]).enumerated() {
            let wide = try folder.write(mark + Self.key.utf16.flatMap { [UInt8($0), 0] }, to: "wide\(index)")
            #expect(problem(wide) == "secretKeyFile: \(wide): is in UTF-16; save it as UTF-8")
        }
    }

    @Test func atMostFourKibibytesAreTaken() throws {
        let large = try folder.write([UInt8](repeating: 0x61, count: 4097), to: "large")
        #expect(problem(large) == "secretKeyFile: \(large): is larger than 4096 bytes")
        let bytes = [UInt8](repeating: 0x61, count: 4096)
        let full = SecretKeyFile.read(try folder.write(bytes, to: "full"), credentialsDirectory: nil)
        #expect(try full.get() == SecretKey(String(decoding: bytes, as: UTF8.self)))
    }

    @Test(arguments: [0o640, 0o604, 0o660, 0o644, 0o440] as [mode_t])
    func fileThatOthersCanReadIsRefused(mode: mode_t) throws {
        let path = try folder.write(Self.key.utf8, to: "key", mode: mode)
        let text = String(mode, radix: 8)
        #expect(
            problem(path)
                == "secretKeyFile: \(path): cannot be read: group or others may use it (mode \(text)); chmod 600 \(path)"
        )
    }

    /// The service manager gives them mode 0440 where it cannot use access control lists.
    @Test func credentialMayBeReadByOthers() throws {
        let credentials = try folder.makeFolder("credentials")
        let path = try folder.write(Self.key.utf8, to: "credentials/imattrd.secret-key", mode: 0o440)
        #expect(problem(path, credentialsDirectory: credentials) == nil)
        #expect(problem(path, credentialsDirectory: credentials + "/") == nil)
        #expect(problem(path, credentialsDirectory: nil) != nil)
    }

    @Test func pathThatLeavesTheCredentialsIsOutside() throws {
        let credentials = try folder.makeFolder("credentials")
        _ = try folder.makeFolder("credentials-of-others")
        let outside = try folder.write(Self.key.utf8, to: "key", mode: 0o644)
        let neighbour = try folder.write(Self.key.utf8, to: "credentials-of-others/key", mode: 0o644)
        #expect(symlink(outside, credentials + "/link") == 0)
        for path in [credentials + "/../key", credentials + "/link", neighbour, outside] {
            #expect(problem(path, credentialsDirectory: credentials)?.contains("group or others may use it") == true)
        }
        #expect(problem(outside, credentialsDirectory: "") != nil)
        #expect(Surroundings(credentialsDirectory: "").credentialsDirectory == nil)
    }

    @Test func whatIsNoFileIsRefused() throws {
        #expect(problem(folder.path)?.hasSuffix("it is no regular file") == true)
        #expect(problem("/dev/zero")?.hasSuffix("it is no regular file") == true)
        let none = folder.path + "/none"
        #expect(
            problem(none) == "secretKeyFile: a path of \(none.count) characters in \(folder.path): no such file")
        let credential = folder.path + "/imattrd.secret-key"
        #expect(problem(credential) == "secretKeyFile: \(credential): no such file")
        // Opening one would wait for somebody to write.
        #expect(problem(try folder.makePipe("pipe"))?.hasSuffix("it is no regular file") == true)
    }

    @Test func keyIsNowhereInWhatIsTold() throws {
        for text in [Self.key, Self.key + " " + Self.key, Self.key + String(repeating: "x", count: 5000)] {
            for mode in [0o600, 0o644] as [mode_t] {
                let path = try folder.write(text.utf8, to: "key", mode: mode)
                let configuration = ConfigurationReading.read(
                    flags: ConfigurationReading.required.merging([.secretKeyFile: path]) { $1 })
                let told =
                    String(reflecting: configuration) + String(reflecting: configuration.signatureSource())
                    + configuration.allProblems.joined()
                #expect(!told.contains(Self.key))
            }
        }
    }
}
