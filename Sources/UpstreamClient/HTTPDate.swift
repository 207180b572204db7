/// The `Date` header of HTTP (RFC 9110, section 5.6.7), in the one form that is sent today.
enum HTTPDate {
    /// Reads `Sun, 06 Nov 1994 08:49:37 GMT`; nil for anything else. The day of the week is not checked.
    static func secondsSince1970(_ text: String) -> Int64? {
        let bytes = Array(text.utf8)
        guard matches(bytes, "___, __ ___ ____ __:__:__ GMT"),
            let month = months.firstIndex(where: { bytes[8..<11].elementsEqual($0.utf8) }),
            let day = number(bytes[5..<7]), let year = number(bytes[12..<16]),
            let hour = number(bytes[17..<19]), let minute = number(bytes[20..<22]), let second = number(bytes[23..<25]),
            year >= 1970, hour < 24, minute < 60, second <= 60
        else { return nil }
        let days = days(year: year, month: Int64(month) + 1, day: day)
        // A day that the month does not have would be one of the next month.
        let nextMonth = Self.days(year: month == 11 ? year + 1 : year, month: Int64(month + 1) % 12 + 1, day: 1)
        guard day >= 1, days < nextMonth else { return nil }
        return days * 86400 + hour * 3600 + minute * 60 + second
    }

    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

    /// Whether the bytes are those of a form in which `_` means any byte.
    private static func matches(_ bytes: [UInt8], _ form: String) -> Bool {
        bytes.count == form.utf8.count
            && zip(bytes, form.utf8).allSatisfy { byte, expected in expected == UInt8(ascii: "_") || expected == byte }
    }

    private static func number(_ digits: ArraySlice<UInt8>) -> Int64? {
        guard digits.allSatisfy(\.isDigit) else { return nil }
        return digits.reduce(0) { $0 * 10 + Int64($1 - UInt8(ascii: "0")) }
    }

    /// Days since 1970 in the Gregorian calendar, counting years from March so that the leap day comes last.
    private static func days(year: Int64, month: Int64, day: Int64) -> Int64 {
        let shifted = month > 2 ? year : year - 1
        let monthFromMarch = (month + 9) % 12
        let dayOfYear = (153 * monthFromMarch + 2) / 5 + day - 1
        return shifted * 365 + shifted / 4 - shifted / 100 + shifted / 400 + dayOfYear - 719_468
    }
}
