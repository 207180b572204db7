import CGcrypt
import FoundationEssentials
import UserSig

/// A P-256 key that signs certificates.
///
/// It is libgcrypt's, which the programs need for UserSigs anyway. A library of its own for one key and two signatures a run would
/// bring a second BoringSSL, hundreds of files that have to be compiled with the sandbox.
final class SigningKey: Sendable {
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    /// The public point, not compressed (X9.62): 65 bytes.
    let point: [UInt8]
    /// The private number: 32 bytes, big-endian.
    private let scalar: [UInt8]

    /// Makes a new key.
    ///
    /// - Throws: ``Failure`` with libgcrypt's own words.
    init() throws {
        guard Libgcrypt.isReady else { throw Failure(description: "libgcrypt is older than 1.8.0") }
        let pair = try Expression("(genkey (ecc (curve \"NIST P-256\")))").mapped { gcry_pk_genkey(&$0, $1) }
        point = try pair.bytes(of: "q")
        scalar = Self.padded(try pair.bytes(of: "d"))
    }

    /// The ECDSA signature of a message's SHA-256, in DER.
    func signature(of message: [UInt8]) throws -> [UInt8] {
        let key = try Expression(
            "(private-key (ecc (curve \"NIST P-256\") (q #\(Self.hex(point))#) (d #\(Self.hex(scalar))#)))")
        let digest = Self.hex(Self.sha256(message))
        let data = try Expression("(data (flags rfc6979) (hash sha256 #\(digest)#))")
        let signature = try data.mapped { gcry_pk_sign(&$0, $1, key.value) }
        return DER.sequence(DER.integer(try signature.bytes(of: "r")), DER.integer(try signature.bytes(of: "s")))
    }

    /// The public key as certificates have it (SubjectPublicKeyInfo, RFC 5480), in DER.
    var publicKeyInfo: [UInt8] {
        DER.sequence(
            DER.sequence(DER.objectIdentifier(1, 2, 840, 10045, 2, 1), Self.curve), DER.bitString(point))
    }

    /// The private key as servers read it (ECPrivateKey, RFC 5915).
    var pem: String {
        let der = DER.sequence(
            DER.integer([1]), DER.octetString(scalar), DER.tagged(0, Self.curve), DER.tagged(1, DER.bitString(point)))
        return PEM.text("EC PRIVATE KEY", der)
    }

    static func sha256(_ bytes: [UInt8]) -> [UInt8] {
        var digest = [UInt8](repeating: 0, count: 32)
        // Only a lack of memory can make it fail, which ends a program in Swift anyway.
        let code = cgcrypt_sha256(0, &digest, bytes, bytes.count, nil, 0)
        precondition(code == 0, "SHA-256 failed")
        return digest
    }

    private static let curve = DER.objectIdentifier(1, 2, 840, 10045, 3, 1, 7)

    /// libgcrypt leaves zeros at the beginning out, or adds one as a sign.
    private static func padded(_ number: [UInt8]) -> [UInt8] {
        let digits = number.drop { $0 == 0 }
        return [UInt8](repeating: 0, count: 32 - digits.count) + digits
    }

    private static func hex(_ bytes: [UInt8]) -> String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}

/// PEM (RFC 7468).
enum PEM {
    static func text(_ label: String, _ der: [UInt8]) -> String {
        let lines = Data(der).base64EncodedString(options: [.lineLength64Characters, .endLineWithLineFeed])
        return "-----BEGIN \(label)-----\n\(lines)\n-----END \(label)-----\n"
    }
}

/// An S-expression of libgcrypt, in which it takes and gives keys and signatures.
private final class Expression {
    let value: gcry_sexp_t

    private init(_ value: gcry_sexp_t) { self.value = value }

    convenience init(_ text: String) throws {
        var parsed: gcry_sexp_t?
        let code = gcry_sexp_sscan(&parsed, nil, text, text.utf8.count)
        guard code == 0, let parsed else { throw Self.failure(code) }
        self.init(parsed)
    }

    deinit { gcry_sexp_release(value) }

    /// What a function of libgcrypt makes of this one.
    func mapped(_ body: (inout gcry_sexp_t?, gcry_sexp_t) -> gcry_error_t) throws -> Expression {
        var made: gcry_sexp_t?
        let code = body(&made, value)
        guard code == 0, let made else { throw Self.failure(code) }
        return Expression(made)
    }

    /// The bytes after a name.
    func bytes(of name: String) throws -> [UInt8] {
        guard let found = gcry_sexp_find_token(value, name, 0) else { throw Self.failure(name) }
        defer { gcry_sexp_release(found) }
        var length = 0
        guard let data = gcry_sexp_nth_data(found, 1, &length) else { throw Self.failure(name) }
        return Array(UnsafeRawBufferPointer(start: data, count: length))
    }

    private static func failure(_ code: gcry_error_t) -> SigningKey.Failure {
        let text = gcry_strerror(code).map { String(cString: $0) }
        return SigningKey.Failure(description: "libgcrypt: \(text ?? "error \(code)")")
    }

    private static func failure(_ name: String) -> SigningKey.Failure {
        SigningKey.Failure(description: "libgcrypt gave no \(name)")
    }
}
