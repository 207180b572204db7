import UserSig

/// A reason not to answer a call with attributes, with the vendor's public error code.
enum Refusal: Error, Equatable {
    case badURL(String)
    case accountMissing
    case appIDMissing
    case userSig(UserSigError)
    case unknownApp
    case notAdministrator
    case tooFrequent
    case malformedBody
    case tooManyAccounts
    /// Any code, because it was asked for.
    case simulated(code: Int)

    var code: Int {
        switch self {
        case .badURL: 60002
        case .accountMissing: 60004
        case .appIDMissing: 60012
        case .userSig(.undecodable): 70003
        case .userSig(.wrongKey): 70009
        case .userSig(.wrongApp): 70014
        case .userSig(.wrongIdentifier): 70013
        case .userSig(.expired): 70001
        case .unknownApp: 70020
        case .notAdministrator: 60010
        case .tooFrequent: 60007
        case .malformedBody: 90001
        case .tooManyAccounts: 90018
        case .simulated(let code): code
        }
    }

    var info: String {
        switch self {
        case .badURL(let why): "http request url error, \(why)"
        case .accountMissing: "account or signature in the url is missing"
        case .appIDMissing: "sdkappid in the url is missing or no number"
        case .userSig(.undecodable): "usersig is illegal, check that it is complete"
        case .userSig(.wrongKey): "usersig verification failed, check the key it was made with"
        case .userSig(.wrongApp): "sdkappid differs from the one in usersig"
        case .userSig(.wrongIdentifier): "identifier differs from the one in usersig"
        case .userSig(.expired): "usersig is expired"
        case .unknownApp: "sdkappid does not exist"
        case .notAdministrator: "request needs the permission of an app administrator"
        case .tooFrequent: "calling frequency of this interface is over the limit"
        case .malformedBody: "json format error, check the request body"
        case .tooManyAccounts: "number of requested accounts is over the limit of 100"
        case .simulated(let code): "simulated error \(code)"
        }
    }
}
