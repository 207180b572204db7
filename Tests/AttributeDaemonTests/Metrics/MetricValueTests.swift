import Testing

@testable import AttributeDaemon

@Suite struct MetricValueTests {
    @Test func aValueIsInTheFirstBucketThatReachesIt() {
        var histogram = Histogram(bounds: [1, 2.5, 10])
        for value in [0, 1, 1.5, 2.5, 9, 10.5, 1000] { histogram.add(value) }
        #expect(histogram.cumulative == [2, 4, 5, 7])
        #expect(histogram.count == 7)
        #expect(histogram.sum == 1024.5)
    }

    @Test func anEmptyHistogramHasItsBuckets() {
        let histogram = Histogram(bounds: Histogram.seconds)
        #expect(histogram.cumulative == Array(repeating: 0, count: Histogram.seconds.count + 1))
        #expect(histogram.bounds == histogram.bounds.sorted())
        #expect(Histogram.accounts == Histogram.accounts.sorted())
    }

    /// Upstream can send any code, but the metrics stay bounded.
    @Test func codesAreBounded() {
        var counts = OutcomeCounts()
        counts.countOK()
        counts.countWithdrawn()
        for code in 0..<1000 { counts.count(code: code) }
        counts.count(code: 5)
        #expect(counts.byCode.count == OutcomeCounts.maximumCodes)
        #expect(counts.byCode[5] == 2)
        #expect(counts.other == 1000 - OutcomeCounts.maximumCodes)
        #expect(counts.named.first?.name == "ok")
        #expect(counts.named.last?.name == "other")
        #expect(counts.named.map(\.count).reduce(0, +) == 1003)
        #expect(OutcomeCounts().named.map(\.name) == ["ok"])
    }

    @Test(arguments: Metric.allCases)
    func aMetricIsNamedByTheConventions(metric: Metric) {
        #expect(metric.name.hasPrefix("imattrd_"))
        #expect(
            metric.name.utf8.allSatisfy { $0 == UInt8(ascii: "_") || (UInt8(ascii: "a")...UInt8(ascii: "z")) ~= $0 })
        #expect(!metric.name.hasSuffix("_total") && !metric.name.hasSuffix("_info") && !metric.name.contains("__"))
        #expect(metric.help.hasSuffix(".") && metric.help.count < 110)
        if let unit = metric.unit { #expect(metric.name.hasSuffix("_" + unit)) }
    }

    @Test func namesAreDistinct() {
        #expect(Set(Metric.allCases.map(\.name)).count == Metric.allCases.count)
        #expect(Metric.userSigExpiryTimestampSeconds.name == "imattrd_usersig_expiry_timestamp_seconds")
        #expect(Metric.upstreamFailuresInARow.name == "imattrd_upstream_failures_in_a_row")
        #expect(Metric.bufferedBytes.unit == "bytes")
    }

    /// However many users there are, a metric by user has few samples.
    @Test func usersAreBounded() {
        var counts = Dictionary(uniqueKeysWithValues: (0..<1000).map { (UInt32($0), 5) })
        counts[900] = 6
        counts[3] = 0
        let listed = DaemonSnapshot.most(counts)
        let uids = [UInt32](0..<20).filter { $0 != 3 } + [900]
        #expect(listed.map(\.uid) == uids)
        #expect(listed.map(\.count) == Array(repeating: 5, count: 19) + [6])
    }

    @Test func textIsEscaped() throws {
        var text = OpenMetricsText()
        text.begin(.build)
        text.sample(1, [("version", "a\"b\\c\nd")])
        text.end()
        let parser = try OpenMetricsParser(String(decoding: text.bytes, as: UTF8.self))
        #expect(parser.value("imattrd_build_info", ["version": "a\"b\\c\nd"]) == 1)
    }

    @Test func theProcessIsMeasured() throws {
        #expect(try #require(ProcessFigures.processorSeconds) > 0)
        #expect(try #require(ProcessFigures.residentBytes) > 1 << 20)
        let descriptors = try #require(ProcessFigures.openDescriptors)
        #expect(descriptors >= 1)
        #expect(try #require(ProcessFigures.maximumDescriptors) >= descriptors)
    }
}
