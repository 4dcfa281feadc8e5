extension Scaffold {
  /// Built by `swift build`; depends on mitogen's package for PluginKit and PluginTestKit.
  var filesInSwift: [File] {
    let source: [UInt8] =
      switch kind {
      case .connection: PackageResources.connection_swift_template
      case .become: PackageResources.become_swift_template
      case .runner: PackageResources.runner_swift_template
      }
    let tests: [UInt8] =
      switch kind {
      case .connection: PackageResources.connection_tests_swift_template
      case .become: PackageResources.become_tests_swift_template
      case .runner: PackageResources.runner_tests_swift_template
      }
    var files = [
      file(".github/workflows/test.yml", PackageResources.ci_yml_template),
      file(".gitignore", PackageResources.gitignore_template),
      file("Makefile", PackageResources.Makefile_swift_template),
      file("Package.swift", PackageResources.Package_swift_template, package),
      file("README.md", PackageResources.README_swift_md_template, ["use": String(decoding: file("", use).bytes, as: UTF8.self)]),
      file("exports.map", PackageResources.exports_map_template),
      file("Sources/\(module)/\(module).swift", source),
      file("Tests/\(module)Tests/\(module)Tests.swift", tests),
    ]
    if kind == .runner { files.append(file("Sources/\(module)/half.py", PackageResources.half_py_template)) }
    return (files + cases).sorted { $0.path < $1.path }
  }

  private var package: [String: String] {
    // A path has a slash at its front or a dot; a URL has a scheme, or is an account's at a host.
    let isPath = mitogen.hasPrefix("/") || mitogen.hasPrefix(".")
    let folder = mitogen.split(separator: "/").last.map(String.init) ?? "mitogen"
    let identity = folder.hasSuffix(".git") ? String(folder.dropLast(4)) : folder
    return [
      "dependency": isPath ? ".package(path: \"\(mitogen)\")" : ".package(url: \"\(mitogen)\", branch: \"main\")",
      "package": identity,
      "resources": kind == .runner ? "\n      resources: [.embedInCode(\"half.py\")]," : "",
    ]
  }
}
