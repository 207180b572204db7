import Foundation
import Glibc
import NIOCore
import Testing
import UpstreamSandbox

/// Faults that are bound to accounts, and what they leave alone.
@Suite struct AccountFaultTests {
    private func body(_ fault: Fault..., call: TestCall) async throws -> [UInt8] {
        try await withSandbox {
            $0.faults = fault
            $0.compact = true
            $0.unknownAccounts = .echo
        } _: { sandbox in
            try await RawConnection.with(sandbox) { try await $0.exchange(call) }.body
        }
    }

    private func isJSON(_ bytes: [UInt8]) -> Bool {
        (try? JSONSerialization.jsonObject(with: Data(bytes))) != nil
    }

    /// The entry of `bad` is odd, those of its neighbours are as they should be.
    @Test(arguments: [
        (EntryShape.attrsNull, #"{"To_Account":"bad","Attrs":null}"#),
        (.attrsList, #"{"To_Account":"bad","Attrs":[]}"#),
        (.attrsString, #"{"To_Account":"bad","Attrs":"none"}"#),
        (.attrsMissing, #"{"To_Account":"bad"}"#),
        (.attrsTwice, #"{"To_Account":"bad","Attrs":{"account":"bad"},"Attrs":{"account":"bad"}}"#),
        (.valueSurrogate, #"{"To_Account":"bad","Attrs":{"odd":"\ud83d"}}"#),
        (.valueControl, "{\"To_Account\":\"bad\",\"Attrs\":{\"odd\":\"\u{1}\"}}"),
        (.valueEscape, #"{"To_Account":"bad","Attrs":{"odd":"\x"}}"#),
        (.valueNaN, #"{"To_Account":"bad","Attrs":{"odd":NaN}}"#),
        (.valueLeadingZeros, #"{"To_Account":"bad","Attrs":{"odd":007}}"#),
        (.accountMissing, #"{"Attrs":{"account":"bad"}}"#),
        (.accountNumber, #"{"To_Account":1,"Attrs":{"account":"bad"}}"#),
        (.accountNull, #"{"To_Account":null,"Attrs":{"account":"bad"}}"#),
        (.accountTwice, #"{"To_Account":"bad","To_Account":"bad","Attrs":{"account":"bad"}}"#),
        (.accountSurrogate, #"{"To_Account":"bad\ud83d","Attrs":{"account":"bad"}}"#),
        (.accountControl, "{\"To_Account\":\"bad\u{1}\",\"Attrs\":{\"account\":\"bad\"}}"),
        (.accountEscape, #"{"To_Account":"bad\x","Attrs":{"account":"bad"}}"#),
        (.accountRenamed, #"{"To_Account":"bad-renamed","Attrs":{"account":"bad"}}"#),
        (.null, "null"), (.number, "7"), (.string, #""bad""#), (.list, "[]"),
    ]) func oddEntry(shape: EntryShape, text: String) async throws {
        let body = try await body(Fault(.entry(shape), account: "bad"), call: TestCall(["a", "bad", "b"]))
        let entries = try Entries(body)
        #expect(entries.all.sorted() == [Self.right("a"), Self.right("b"), text].sorted())
    }

    @Test(arguments: [EntryShape.valueCut, .accountCut]) func cutInsideACharacter(shape: EntryShape) async throws {
        let body = try await body(Fault(.entry(shape), account: "bad"), call: TestCall(["a", "bad", "b"]))
        #expect(String(validating: body, as: UTF8.self) == nil)
        let others = try Entries(body).all.filter { !$0.contains("\u{FFFD}") }
        #expect(others.sorted() == [Self.right("a"), Self.right("b")])
    }

    @Test func entryTwiceOrNotAtAll() async throws {
        let call = TestCall(["a", "bad"])
        let twice = try Entries(try await body(Fault(.entry(.twice), account: "bad"), call: call)).all
        #expect(twice.sorted() == [Self.right("a"), Self.right("bad"), Self.right("bad")])
        let none = try Entries(try await body(Fault(.entry(.leftOut), account: "bad"), call: call)).all
        #expect(none == [Self.right("a")])
    }

    /// What concerns entries adds up, and one fault of whole answers may come on top.
    @Test func severalAtOnce() async throws {
        let faults = [
            Fault(.entry(.attrsNull), accounts: .prefixed("null-")), Fault(.stranger("x"), account: "null-1"),
            Fault(.entry(.null), accounts: .named(["n", "m"])), Fault(.truncated, account: "cut"),
        ]
        try await withSandbox {
            $0.faults = faults
            $0.compact = true
            $0.unknownAccounts = .echo
        } _: { sandbox in
            try await RawConnection.with(sandbox) { connection in
                let first = try await connection.exchange(TestCall(["null-1", "a", "n", "null-2"])).body
                #expect(
                    try Entries(first).all.sorted()
                        == [
                            Self.right("a"), Self.right("x"), "null", #"{"To_Account":"null-1","Attrs":null}"#,
                            #"{"To_Account":"null-2","Attrs":null}"#,
                        ].sorted())
                let second = try await connection.exchange(TestCall(["null-1", "cut"])).body
                #expect(String(decoding: second, as: UTF8.self).contains(#""ErrorCode":0"#))
                #expect(!isJSON(second))
                let third = try await connection.exchange(TestCall(["a", "b"])).body
                #expect(try Entries(third).all.sorted() == [Self.right("a"), Self.right("b")])
            }
            #expect(await sandbox.report().faults == ["entry": 3, "stranger": 2, "truncated": 1])
        }
    }

    /// Whoever is in a call with the account meets the fault, however the account was marked.
    @Test(arguments: [
        Fault.Accounts.named(["bad-7"]), .named(["x", "bad-7", "y"]), .prefixed("bad-"),
    ]) func whateverTheCompany(accounts: Fault.Accounts) async throws {
        let calls = [["bad-7"], ["a"], ["a", "bad-7", "b"], ["bad", "a"], (0..<99).map { "n\($0)" } + ["bad-7"]]
        try await withSandbox {
            $0.faults = [Fault(.error(90003), accounts: accounts)]
        } _: { sandbox in
            let codes = try await RawConnection.with(sandbox) { try await $0.codes(calls.map { TestCall($0) }) }
            #expect(codes == [90003, 0, 90003, 0, 90003])
        }
    }

    /// `é` and `e` with U+0301 are two accounts.
    @Test func accountsAreBytes() async throws {
        try await withSandbox {
            $0.faults = [Fault(.error(7), account: "\u{E9}")]
        } _: { sandbox in
            let codes = try await RawConnection.with(sandbox) {
                try await $0.codes([TestCall(["\u{E9}"]), TestCall(["e\u{301}"])])
            }
            #expect(codes == [7, 0])
        }
    }

    @Test func refusedInGroupsOrAlone() async throws {
        let calls = [["bad"], ["bad", "bad"], ["bad", "a"], ["a", "b"], ["a"]].map { TestCall($0) }
        try await withSandbox { sandbox in
            for (company, expected) in [(Fault.Company.others, [0, 0, 5, 0, 0]), (.alone, [5, 5, 0, 0, 0])] {
                await sandbox.setFaults([Fault(.error(5), account: "bad", company: company)])
                let codes = try await RawConnection.with(sandbox) { try await $0.codes(calls) }
                #expect(codes == expected)
            }
        }
    }

    @Test func onlyAStrangerIsAnswered() async throws {
        let body = try await body(Fault(.onlyStranger("who"), account: "bad"), call: TestCall(["a", "bad"]))
        #expect(try Entries(body).all == [Self.right("who")])
    }

    /// The administrator's account alone, as a client may ask for it to see whether anything works.
    @Test func theAdministratorAlwaysFails() async throws {
        let fault = try Fault(text: "status=500@alone@account=administrator")
        try await withSandbox {
            $0.faults = [fault]
        } _: { sandbox in
            try await RawConnection.with(sandbox) { connection in
                let admin = try await connection.exchange(TestCall(["administrator"]))
                let other = try await connection.exchange(TestCall(["a"]))
                #expect(admin.status == 500)
                #expect(other.status == 200)
            }
        }
    }

    /// `UserAttrs` and the entry of an account that has nothing odd.
    private static func right(_ account: String) -> String {
        #"{"To_Account":"\#(account)","Attrs":{"account":"\#(account)"}}"#
    }

    /// The texts of the items of a compact answer's `UserAttrs`, read without a JSON reader, since some are no JSON.
    private struct Entries {
        var all: [String] = []

        init(_ body: [UInt8]) throws {
            let text = String(decoding: body, as: UTF8.self)
            let head = #"{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0,"UserAttrs":["#
            try #require(text.hasPrefix(head) && text.hasSuffix("]}"))
            var depth = 0
            var item = ""
            for character in text.dropFirst(head.count).dropLast(2).unicodeScalars {
                if character == "," && depth == 0 {
                    all.append(item)
                    item = ""
                    continue
                }
                if "{[".unicodeScalars.contains(character) { depth += 1 }
                if "}]".unicodeScalars.contains(character) { depth -= 1 }
                item.unicodeScalars.append(character)
            }
            if !item.isEmpty { all.append(item) }
        }
    }
}
