import Glibc
import UserSig

/// The path and query of a call to the sandbox; the number for `random` is to be added.
enum SignedPath {
    static func make(_ sandbox: Sandbox.Ready) throws -> String {
        var key = try File.text(sandbox.secretKeyFile)[...]
        while key.last?.isWhitespace == true { key.removeLast() }
        let signature = UserSigSigner(sdkAppID: sandbox.sdkAppId, key: SecretKey(String(key)))
            .sign(identifier: sandbox.admin, issuedAt: Int64(time(nil)), validFor: 86_400)
        return "/v4/all_member_push/im_get_attr?usersig=\(signature.text)&identifier=\(sandbox.admin)"
            + "&sdkappid=\(sandbox.sdkAppId)&contenttype=json&random="
    }
}
