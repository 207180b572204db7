import AttributeValues
import JSONTokens
import NIOCore
import UserSig

/// One `im_get_attr` call as it goes over the wire.
struct GetAttrRequest {
    /// Where it goes: the path, and the query up to the random number, from ``path(admin:sdkAppID:signature:)``.
    let path: String
    /// Fresh for each call.
    let random: UInt32
    /// What the query ends with (vendor's documentation of REST calls).
    static let queryEnd = "&contenttype=json"
    let body: [UInt8]

    init(accounts: [Account], path: String, random: UInt32) {
        self.path = path
        self.random = random
        let names = accounts.reduce(0) { $0 + $1.utf8.count }
        body = [UInt8](names: names, other: 20 + 3 * accounts.count) { json in
            json.append(#"{"To_Account":["#)
            for index in accounts.indices {
                accounts[index].withUTF8 { json.appendElement($0, isFirst: index == 0) }
            }
            json.append("]}")
        }
    }

    /// The request's path and query up to the random number, which stay the same for as long as the UserSig does.
    static func path(admin: String, sdkAppID: UInt64, signature: UserSig) -> String {
        "/v4/all_member_push/im_get_attr?usersig=\(signature.text)&identifier=\(percentEncoded(admin))"
            + "&sdkappid=\(sdkAppID)&random="
    }

    static func percentEncoded(_ text: String) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var result: [UInt8] = []
        for byte in text.utf8 {
            if byte.isASCIIAlphanumeric || "-._~".utf8.contains(byte) {
                result.append(byte)
            } else {
                result += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: result, as: UTF8.self)
    }
}

/// Writes each request in one piece: NIO's own encoder takes a head, a body and an end, each of which becomes a buffer
/// of its own; for requests as small as these that costs a quarter of the whole exchange.
struct RequestWriter {
    /// All between the random number of the query and the length of the body.
    private let headers: String
    /// The words of ``bytes(of:)``, and numbers of at most ten digits.
    private static let wordsAndNumbers = 30

    init(authority: String) {
        headers =
            "\(GetAttrRequest.queryEnd) HTTP/1.1\r\nHost: \(authority)\r\n"
            + "Content-Type: application/json\r\nContent-Length: "
    }

    func bytes(of request: GetAttrRequest) -> ByteBuffer {
        let capacity = request.path.utf8.count + headers.utf8.count + request.body.count + Self.wordsAndNumbers
        var bytes = ByteBufferAllocator().buffer(capacity: capacity)
        bytes.writeStaticString("POST ")
        bytes.writeString(request.path)
        bytes.writeString(String(request.random))
        bytes.writeString(headers)
        bytes.writeString(String(request.body.count))
        bytes.writeStaticString("\r\n\r\n")
        bytes.writeBytes(request.body)
        return bytes
    }
}
