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

  static let folder: String = {
    let folder = TemporaryFolder.make()
    for name in ["libMitogenLocal.so", "libMitogenSetNS.so", "libMitogenSSH.so", "libMitogenSudo.so", "libMitogenNewStyle.so"] {
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
