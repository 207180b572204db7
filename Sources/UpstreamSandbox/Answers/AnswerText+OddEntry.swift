extension AnswerText {
    /// What appears in the list instead of the account's entry: mostly one item, but also none or two.
    func odd(_ account: [UInt8], _ attributes: Attributes, _ shape: EntryShape) -> [[UInt8]] {
        let name = member("To_Account", Self.quoted(account))
        let attrs = attrs(attributes.pairs)
        switch shape {
        case .attrsNull: return [entry([name, member("Attrs", "null")])]
        case .attrsList: return [entry([name, member("Attrs", "[]")])]
        case .attrsString: return [entry([name, member("Attrs", #""none""#)])]
        case .attrsMissing: return [entry([name])]
        case .attrsTwice: return [entry([name, attrs, attrs])]
        case .valueCut: return [entry([name, self.attrs(oddValue: Self.cut)])]
        case .valueSurrogate: return [entry([name, self.attrs(oddValue: Array(#""\ud83d""#.utf8))])]
        case .valueControl: return [entry([name, self.attrs(oddValue: Array("\"\u{1}\"".utf8))])]
        case .valueEscape: return [entry([name, self.attrs(oddValue: Array(#""\x""#.utf8))])]
        case .valueNaN: return [entry([name, self.attrs(oddValue: Array("NaN".utf8))])]
        case .valueLeadingZeros: return [entry([name, self.attrs(oddValue: Array("007".utf8))])]
        case .accountMissing: return [entry([attrs])]
        case .accountNumber: return [entry([member("To_Account", "1"), attrs])]
        case .accountNull: return [entry([member("To_Account", "null"), attrs])]
        case .accountTwice: return [entry([name, name, attrs])]
        case .accountCut: return [entry([named(account, endingWith: [0xE2, 0x82]), attrs])]
        case .accountSurrogate: return [entry([named(account, endingWith: Array(#"\ud83d"#.utf8)), attrs])]
        case .accountControl: return [entry([named(account, endingWith: Array("\u{1}".utf8)), attrs])]
        case .accountEscape: return [entry([named(account, endingWith: Array(#"\x"#.utf8)), attrs])]
        case .accountRenamed: return [entry([named(account, endingWith: Array("-renamed".utf8)), attrs])]
        case .twice: return [entry([name, attrs]), entry([name, attrs])]
        case .null: return [Array("null".utf8)]
        case .number: return [Array("7".utf8)]
        case .string: return [Array(Self.quoted(account).utf8)]
        case .list: return [Array("[]".utf8)]
        case .leftOut: return []
        }
    }

    /// A string of the first two of the three bytes of a character.
    private static let cut: [UInt8] = [UInt8(ascii: "\""), 0xE2, 0x82, UInt8(ascii: "\"")]

    /// A member with the account's name and these bytes, which are not escaped.
    private func named(_ account: [UInt8], endingWith rest: [UInt8]) -> [UInt8] {
        member("To_Account", Array(Self.quoted(account).utf8.dropLast()) + rest + [UInt8(ascii: "\"")])
    }
}
