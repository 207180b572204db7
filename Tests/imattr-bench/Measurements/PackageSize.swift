import FoundationEssentials

/// What the Debian packages take where they are installed.
struct PackageSize: Measurement {
    init(seconds: Int?) {}

    func run(_ tell: (Section) -> Void) async throws {
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        let programs = try Child.program("imattrd").split(separator: "/").dropLast().joined(separator: "/")
        let log = folder.path("build.log")
        do {
            let build = ["--bin", "/" + programs, folder.path("packages")]
            try await Child("systemd/debian/build", build, output: log, folder: folder).succeed()
        } catch {
            throw Patience.Exhausted(
                description: "systemd/debian/build (run imattr-bench in the project's folder): "
                    + ((try? File.text(log)) ?? "\(error)"))
        }
        let packages = try FileManager.default.contentsOfDirectory(atPath: folder.path("packages")).sorted()
            .filter { $0.hasSuffix(".deb") }
        var findings: [Finding] = []
        for package in packages {
            let name = String(package.prefix { $0 != "_" })
            let size = try await installedSize(of: folder.path("packages/" + package), folder)
            findings.append(
                Finding("\(name), installed", size, "MB", decimals: 1, name == "imattrd" ? .atMost(40) : nil))
        }
        tell(Section(title: "packages", findings: findings))
    }

    /// In megabytes; the field is in KiB (deb-control(5)).
    private func installedSize(of package: String, _ folder: TemporaryFolder) async throws -> Double {
        let output = folder.path("size")
        try? FileManager.default.removeItem(atPath: output)
        try await Child("/usr/bin/dpkg-deb", ["-f", package, "Installed-Size"], output: output, folder: folder)
            .succeed()
        let text = try File.text(output)
        guard let size = Double(text.filter(\.isNumber)) else {
            throw Patience.Exhausted(description: "\(package) has no Installed-Size: \(text)")
        }
        return size * 1024 / 1_000_000
    }
}
