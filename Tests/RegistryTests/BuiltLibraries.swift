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
