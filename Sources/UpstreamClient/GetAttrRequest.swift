import AttributeValues
import JSONTokens
import UserSig

/// One `im_get_attr` call as it goes over the wire.
struct GetAttrRequest {
    /// Where it goes, with everything that the query must have (vendor's documentation of REST calls).
    let uri: String
    let body: [UInt8]

    /// - Parameter random: Fresh for each call.
    init(accounts: [Account], admin: String, sdkAppID: UInt64, signature: UserSig, random: UInt32) {
        uri =
            "/v4/all_member_push/im_get_attr?usersig=\(signature.text)&identifier=\(Self.percentEncoded(admin))"
            + "&sdkappid=\(sdkAppID)&random=\(random)&contenttype=json"
        var json = JSONWriter(capacity: 40 * accounts.count + 20)
        json.object { json in
            json.key("To_Account")
            json.array { json in
                for account in accounts { json.string(account.text) }
            }
        }
        body = json.bytes
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
