import AttributeValues
import JSONTokens
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
        var json = JSONWriter(capacity: 40 * accounts.count + 20)
        json.object { json in
            json.key("To_Account")
            json.array { json in
                for account in accounts { json.string(account.text) }
            }
        }
        body = json.bytes
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
