extension Scaffold {
  /// Built by make and the system's compiler; the header is copied, so that it needs nothing of mitogen but the command.
  var filesInC: [File] {
    var files = [
      file(".github/workflows/test.yml", PackageResources.ci_yml_template),
      file(".gitignore", PackageResources.gitignore_template),
      file("Makefile", PackageResources.Makefile_template, ["half": hasRunner ? Self.halfRule : ""]),
      file("README.md", PackageResources.README_c_md_template, ["use": use, "sources": sourcesInWords]),
      file("exports.map", PackageResources.exports_map_template),
      File(path: "include/mitogen_plugin.h", bytes: PluginHeader.bytes),
      file("src/json.h", PackageResources.json_h_template),
    ]
    if hasRunner { files.append(file("src/half.py", PackageResources.half_py_template, of: parts.last)) }
    let library = file("", PackageResources.library_c_template, ["entries": parts.map(entry).joined()]).bytes
    if isBundle {
      let externs = parts.map { "\(table($0))[]" }.joined(separator: ", ")
      files.append(
        File(
          path: "src/\(name).c", bytes: file("", PackageResources.bundle_c_template, ["externs": externs]).bytes + library))
      files += parts.map { File(path: "src/\($0.role).c", bytes: source($0)) }
    } else {
      files.append(File(path: "src/\(name).c", bytes: source(parts[0]) + library))
    }
    return files
  }

  /// The plugin, without the library around it.
  private func source(_ part: Part) -> [UInt8] {
    let template =
      switch part.role {
      case .connection: PackageResources.connection_c_template
      case .become: PackageResources.become_c_template
      case .runner: PackageResources.runner_c_template
      }
    return file("", template, of: part, ["operations": "\(isBundle ? "" : "static ")const mitogen_operation \(table(part))[]"]).bytes
  }

  /// What its operations are called; in a bundle other files know them.
  private func table(_ part: Part) -> String { isBundle ? "\(identifier)_\(part.role)" : "operations" }

  private func entry(_ part: Part) -> String {
    let kind = part.role == .runner ? "MITOGEN_MODULE_RUNNER" : "MITOGEN_CONNECTION_METHOD"
    let features = part.role == .become ? "become" : ""
    return "  {sizeof(mitogen_plugin), \(kind), \"\(part.name)\", VERSION, \"\(features)\", \(table(part))},\n"
  }

  private var sourcesInWords: String {
    isBundle
      ? "\(parts.map { "`src/\($0.role).c`" }.joined(separator: ", ")), `src/\(name).c` | the plugins, and the table of them"
      : "`src/\(name).c` | the plugin"
  }

  /// The Python half as a text of C.
  private static let halfRule = #"""
    	(echo 'static const char half_py[] ='; sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/.*/  "&\\n"/' src/half.py; echo '  ;') > build/half.h

    """#
}
