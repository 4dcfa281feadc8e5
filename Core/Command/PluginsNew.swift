import ArgumentParser
import Authoring
import Glibc

extension Scaffold.Kind: ExpressibleByArgument {}
extension Scaffold.Language: ExpressibleByArgument {}

extension PluginsCommand {
  /// `mitogen plugins new`: a complete package for an author to begin with.
  struct New: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Write a package for a plugin of your own.",
      discussion: """
        The package builds, and passes its own tests and those of mitogen plugins check, as it is written. A Swift package
        depends on that of mitogen, whose folder or URL --mitogen names; one in C holds all that it needs.
        """)

    @Argument(help: "The plugin's name: what ansible_connection or become_method will say.") var name: String
    @Option(help: "What it is: \(New.list(Scaffold.Kind.allCases)).") var kind: Scaffold.Kind
    @Option(help: "What it is written in: \(New.list(Scaffold.Language.allCases)).") var language = Scaffold.Language.c
    @Option(help: "The folder to be made: named as the plugin, in the working directory.") var folder: String?
    @Option(help: "Where Swift finds mitogen's package: a folder, with a / in it, or a URL.") var mitogen: String?

    private static func list(_ cases: [some RawRepresentable<String>]) -> String {
      cases.map(\.rawValue).joined(separator: ", ")
    }

    func validate() throws {
      if language == .swift, mitogen == nil {
        throw ValidationError("Say where mitogen's package is: --mitogen FOLDER, or --mitogen URL.")
      }
    }

    func run() throws {
      let scaffold: Scaffold
      do {
        scaffold = try Scaffold(name: name, kind: kind, language: language, mitogen: mitogen ?? "")
      } catch let unusable as Scaffold.Unusable {
        throw ValidationError("\(unusable)")
      }
      let folder = folder ?? name
      // An author's work is never written over.
      guard mkdir(folder, 0o777) == 0 else {
        throw ValidationError("\(folder) cannot be made: \(String(cString: strerror(errno)))")
      }
      for file in scaffold.files { try write(file, below: folder) }
      print("\(folder) has \(scaffold.files.count) files; begin with its README.md: cd \(folder) && make test")
    }

    private func write(_ file: Scaffold.File, below folder: String) throws {
      let parts = file.path.split(separator: "/")
      var path = folder
      for part in parts.dropLast() {
        path += "/\(part)"
        guard mkdir(path, 0o777) == 0 || errno == EEXIST else {
          throw ValidationError("\(path) cannot be made: \(String(cString: strerror(errno)))")
        }
      }
      path = "\(folder)/\(file.path)"
      let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
      guard descriptor >= 0 else { throw ValidationError("\(path) cannot be written: \(String(cString: strerror(errno)))") }
      defer { close(descriptor) }
      guard Output.isWritten(file.bytes, to: descriptor) else {
        throw ValidationError("\(path) cannot be written: \(String(cString: strerror(errno)))")
      }
    }
  }

  /// `mitogen plugins header`: the C boundary of this release.
  struct Header: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Print mitogen_plugin.h, for plugins in C.")

    func run() {
      Output.write(PluginHeader.bytes)
    }
  }
}
