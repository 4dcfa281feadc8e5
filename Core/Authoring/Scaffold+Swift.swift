extension Scaffold {
  /// Built by `swift build`; depends on mitogen's package for PluginKit and PluginTestKit.
  var filesInSwift: [File] {
    var files = [
      file(".github/workflows/test.yml", PackageResources.ci_yml_template),
      file(".gitignore", PackageResources.gitignore_template),
      file("Makefile", PackageResources.Makefile_swift_template),
      file("Package.swift", PackageResources.Package_swift_template, package),
      file("README.md", PackageResources.README_swift_md_template, ["use": use]),
      file("exports.map", PackageResources.exports_map_template),
    ]
    if hasRunner { files.append(file("Sources/\(target)/half.py", PackageResources.half_py_template, of: parts.last)) }
    let plugins = parts.map { "\(typeName($0))()" }.joined(separator: ", ")
    let library = file("", PackageResources.library_swift_template, ["plugins": plugins]).bytes
    if isBundle {
      files.append(File(path: "Sources/\(target)/\(module).swift", bytes: Array("import PluginKit\n".utf8) + library))
      files += parts.map { File(path: "Sources/\(target)/\(typeName($0)).swift", bytes: source($0)) }
    } else {
      files.append(File(path: "Sources/\(target)/\(module).swift", bytes: source(parts[0]) + library))
    }
    return files + parts.map(tests)
  }

  private func typeName(_ part: Part) -> String { module + part.role.rawValue.prefix(1).uppercased() + part.role.rawValue.dropFirst() }

  /// The plugin, without the library around it.
  private func source(_ part: Part) -> [UInt8] {
    let template =
      switch part.role {
      case .connection: PackageResources.connection_swift_template
      case .become: PackageResources.become_swift_template
      case .runner: PackageResources.runner_swift_template
      }
    return file("", template, of: part).bytes
  }

  private func tests(_ part: Part) -> File {
    let template =
      switch part.role {
      case .connection: PackageResources.connection_tests_swift_template
      case .become: PackageResources.become_tests_swift_template
      case .runner: PackageResources.runner_tests_swift_template
      }
    return file("Tests/\(target)Tests/\(typeName(part))Tests.swift", template, of: part)
  }

  private var package: [String: String] {
    // A path has a slash at its front or a dot; a URL has a scheme, or is an account's at a host.
    let isPath = mitogen.hasPrefix("/") || mitogen.hasPrefix(".")
    let folder = mitogen.split(separator: "/").last.map(String.init) ?? "mitogen"
    let identity = folder.hasSuffix(".git") ? String(folder.dropLast(4)) : folder
    return [
      "dependency": isPath ? ".package(path: \"\(mitogen)\")" : ".package(url: \"\(mitogen)\", branch: \"main\")",
      "package": identity,
      "resources": hasRunner ? "\n      resources: [.embedInCode(\"half.py\")]," : "",
    ]
  }
}
