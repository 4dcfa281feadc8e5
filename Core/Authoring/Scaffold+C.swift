extension Scaffold {
  /// Built by make and the system's compiler; the header is copied, so that it needs nothing of mitogen but the command.
  var filesInC: [File] {
    let source: [UInt8] =
      switch kind {
      case .connection: PackageResources.connection_c_template
      case .become: PackageResources.become_c_template
      case .runner: PackageResources.runner_c_template
      }
    var files = [
      file(".github/workflows/test.yml", PackageResources.ci_yml_template),
      file(".gitignore", PackageResources.gitignore_template),
      file("Makefile", PackageResources.Makefile_template, ["half": kind == .runner ? Self.halfRule : ""]),
      file("README.md", PackageResources.README_c_md_template, ["use": String(decoding: file("", use).bytes, as: UTF8.self)]),
      file("exports.map", PackageResources.exports_map_template),
      File(path: "include/mitogen_plugin.h", bytes: PluginHeader.bytes),
      file("src/\(name).c", source),
      file("src/json.h", PackageResources.json_h_template),
    ]
    if kind == .runner { files.append(file("src/half.py", PackageResources.half_py_template)) }
    return (files + cases).sorted { $0.path < $1.path }
  }

  /// The Python half as a text of C.
  private static let halfRule = #"""
    	(echo 'static const char half_py[] ='; sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/.*/  "&\\n"/' src/half.py; echo '  ;') > build/half.h

    """#
}
