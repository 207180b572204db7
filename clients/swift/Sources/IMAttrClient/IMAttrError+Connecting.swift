import NIOCore

import Glibc

extension IMAttrError {
    /// Reads what NIO's connecting threw.
    static func cannotConnect(path: String, _ error: any Error) -> IMAttrError {
        switch error {
        case let error as IOError: .cannotConnect(path: path, errno: error.errnoCode)
        case SocketAddressError.unixDomainSocketPathTooLong: .cannotConnect(path: path, errno: ENAMETOOLONG)
        default: .cannotConnect(path: path, errno: ETIMEDOUT)
        }
    }
}
