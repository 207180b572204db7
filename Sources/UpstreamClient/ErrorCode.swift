import AttributeValues

/// The `ErrorCode`s that the vendor documents for REST calls, and what each one calls for.
enum ErrorCode {
    static func kind(of code: Int) -> CallFailure.Kind {
        switch code {
        case 60008, 60013, 60014, 70169, 70201, 70202, 70203, 70348, 70362, 70401, 70500, 90992, 90994, 90995, 91000,
            20004, 20005:
            .temporary
        case 60007, 60011, 60018, 60019: .tooFrequent
        case 70001, 70052, 70347, 20002, 60004, 60005: .signatureExpired
        case 70050: .signatureRefusedTooOften
        case 60006, 60010, 60016, 60017, 60020, 60021, 60025, 60026, 60027, 60028, 70002...70010, 70013...70016, 70020,
            70051, 70346, 70403, 90045:
            .credential
        case 60015, 70107, 70402, 90001, 90003, 90012, 90028, 90029, 90048: .account
        case 90018: .tooManyAccounts
        default: .unknownCode
        }
    }

    /// What a code means, for a person (vendor's table of error codes).
    static func meaning(of code: Int) -> String {
        switch code {
        case 60007, 60018: "the app calls im_get_attr more often than upstream allows"
        case 60010: "the admin account is not an administrator of the app"
        case 60020: "the plan is not bought, expired or in arrears"
        case 60021: "upstream does not allow calls from this address"
        case 60026, 70016: "wrong region for this SDKAppID"
        case 60028: "the daily quota of the trial is used up"
        case 70001: "the UserSig has expired; if a new one expires at once, the clock is wrong"
        case 70003: "the UserSig is illegal"
        case 70009: "the UserSig was made with another app's secret key"
        case 70013: "the admin account differs from the one that the UserSig was made for"
        case 70014: "the SDKAppID differs from the one that the UserSig was made for"
        case 70020: "no such SDKAppID"
        case 70050: "too many calls with a wrong UserSig; upstream wants a minute of silence"
        case 70107: "an account has not been imported"
        case 90001: "upstream calls the request malformed"
        case 90018: "too many accounts in a call"
        case 90045: "the feature is not enabled for the app"
        case 91000: "internal error of upstream"
        default: generalMeaning(of: kind(of: code))
        }
    }

    private static func generalMeaning(of kind: CallFailure.Kind) -> String {
        switch kind {
        case .temporary: "upstream could not serve the call now"
        case .tooFrequent: "the app calls more often than upstream allows"
        case .signatureExpired: "the UserSig is no longer valid"
        case .signatureRefusedTooOften: "upstream refuses the UserSig"
        case .credential: "the daemon's credential or configuration is refused"
        case .account: "an account in the request is refused"
        case .tooManyAccounts: "too many accounts in a call"
        case .unknownCode, .unusableEntry, .status, .redirect, .unusableAnswer, .lost, .timedOut, .neverSent,
            .certificate,
            .stale:
            "upstream refused the call"
        }
    }
}
