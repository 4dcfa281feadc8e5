import Glibc
import Plans
import Registry

/// The plugin libraries of this build, in a folder of links with manifests generated for them.
enum BuiltLibraries {
  /// Where the build put them: beside the test bundle.
  static let buildFolder: String = {
    let executable = RegistryConfiguration.executablePath()
    return String(executable[..<executable.lastIndex(of: "/")!])
  }()

  /// Of the helper process. It is told a sanitizer's options, which the registry keeps from it with the rest of the environment.
  static let helperCommand: [String] = {
    var command: [String] = []
    for name in ["ASAN_OPTIONS", "TSAN_OPTIONS"] {
      if let options = getenv(name) { command.append("\(name)=\(String(cString: options))") }
    }
    if !command.isEmpty { command.insert("/usr/bin/env", at: 0) }
    command.append(buildFolder + "/PluginHostForTests")
    return command
  }()

  private static let plugins = [
    "Local", "SetNS", "SSH", "Sudo", "Su", "Doas", "Become",
    "Binary", "JSONArgs", "ModuleReplacer", "NewStyle", "OldStyle", "WantJSON",
    "Buildah", "Docker", "Incus", "Jail", "Kubectl", "LXC", "LXD", "Podman",
  ]

  /// What these libraries have between them.
  static let connectionMethods: Set<String> = [
    "become", "buildah", "doas", "docker", "incus", "jail", "kubectl", "local", "lxc", "lxd", "machinectl", "mitogen_doas",
    "mitogen_su", "mitogen_sudo", "podman", "setns", "ssh", "su", "sudo",
  ]

  static let runners: Set<String> = ["binary", "json-args", "module-replacer", "new-style", "old-style", "want-json"]

  static let folder: String = {
    let folder = TemporaryFolder.make()
    for plugin in plugins {
      let name = "libMitogen\(plugin).so"
      let library = folder + "/" + name
      symlink(buildFolder + "/" + name, library)
      do {
        try TemporaryFolder.write(Manifest.generate(library: library).json(), Manifest.path(forLibrary: library))
      } catch {
        fatalError("no manifest for \(name): \(error)")
      }
    }
    return folder
  }()

  static let registry = Registry(configuration: .init(folders: [.init(folder, .installation)]))
}
