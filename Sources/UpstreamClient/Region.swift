/// Where an app's data lives, and so which host serves its REST calls (vendor's documentation of REST APIs). A wrong
/// one shows as `ErrorCode` 60026, 70016 or 70020.
public enum Region: String, CaseIterable, Sendable {
    case china
    case singapore
    case seoul
    case tokyo
    case frankfurt
    case siliconValley = "silicon-valley"
    case jakarta

    /// The host of the region's REST calls.
    public var host: String {
        switch self {
        case .china: "console.tim.qq.com"
        case .singapore: "adminapisgp.im.qcloud.com"
        case .seoul: "adminapikr.im.qcloud.com"
        case .tokyo: "adminapijpn.im.qcloud.com"
        case .frankfurt: "adminapiger.im.qcloud.com"
        case .siliconValley: "adminapiusa.im.qcloud.com"
        case .jakarta: "adminapiidn.im.qcloud.com"
        }
    }
}
