import JSONRPC
import Testing

@testable import AttributeAPI

@Suite struct CancelRequestTests {
    private func id(_ json: String) throws -> String? {
        CancelRequest.id(try GetAttrsParamsTests.params(json)).map { String(decoding: $0.token, as: UTF8.self) }
    }

    /// Ids are the same when their bytes are.
    @Test(arguments: ["1", "1.0", "-0", "1e2", "null", #""a""#, #""\u0061""#, "123456789012345678901234567890"])
    func idIsKeptByteForByte(token: String) throws {
        #expect(try id(#"{"id": \#(token) }"#) == token)
        #expect(try id("[ \(token) ]") == token)
    }

    @Test(arguments: [
        "{}", "[]", #"{"id":true}"#, #"{"id":{}}"#, #"{"id":[1]}"#, #"{"ID":1}"#, #"{"id":1,"id":1}"#,
        #"{"id":1,"more":2}"#,
        #"{"more":2,"id":1}"#, "[1,2]",
    ])
    func anythingElseNamesNoRequest(json: String) throws {
        #expect(try id(json) == nil)
    }

    @Test func absentParamsNameNoRequest() {
        #expect(CancelRequest.id(.absent) == nil)
    }
}
