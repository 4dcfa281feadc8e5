import Plans

/// A complete package of an outside author's, as files: what `mitogen plugins new` writes.
public struct Scaffold: Sendable {
  public enum Kind: String, CaseIterable, Sendable {
    case connection, become, runner
    /// One of each in one library.
    case bundle
  }

  public enum Language: String, CaseIterable, Sendable {
    case c
    case swift
  }

  public struct File: Equatable, Sendable {
    /// Below the package's folder.
    public var path: String
    public var bytes: [UInt8]
  }

  public enum Unusable: Error, Equatable, CustomStringConvertible {
    case name(String)

    public var description: String {
      switch self {
      case .name(let name):
        "\"\(name)\" cannot be a plugin's name here: expected lower case letters, digits, _ and -, a letter first, at most 32"
      }
    }
  }

  public let name: String
  public let kind: Kind
  public let language: Language
  /// Where a Swift package finds mitogen: a folder, or a URL of its repository.
  public let mitogen: String

  /// - Throws: `Unusable`.
  public init(name: String, kind: Kind, language: Language, mitogen: String = "") throws {
    guard Self.isUsable(name) else { throw Unusable.name(name) }
    self.name = name
    self.kind = kind
    self.language = language
    self.mitogen = mitogen
  }

  /// Narrower than a plugin's name may be: it becomes a file's, a C identifier and a Swift module's name too.
  private static func isUsable(_ name: String) -> Bool {
    guard (1...32).contains(name.utf8.count), let first = name.utf8.first,
      (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(first)
    else { return false }
    return name.utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"): true
      default: false
      }
    }
  }

  /// `serial-console` as `serial_console`: the beginning of names in C and of options.
  var identifier: String { Self.identifier(name) }

  private static func identifier(_ name: String) -> String { String(name.map { $0 == "-" ? "_" : $0 }) }

  /// `serial-console` as `SerialConsole`.
  public var module: String {
    name.split { $0 == "-" || $0 == "_" }.map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined()
  }

  /// The name of a Swift package's target: mitogen's own, such as Wire and Router, are in the same graph.
  var target: String { module + "Plugin" }

  public var files: [File] {
    let own =
      switch language {
      case .c: filesInC
      case .swift: filesInSwift
      }
    return (own + parts.flatMap(cases)).sorted { $0.path < $1.path }
  }

  // MARK: The plugins in it

  /// One plugin of the package.
  struct Part {
    enum Role: String, CaseIterable {
      case connection, become, runner
    }

    var role: Role
    var name: String
  }

  var parts: [Part] {
    switch kind {
    case .connection: [Part(role: .connection, name: name)]
    case .become: [Part(role: .become, name: name)]
    case .runner: [Part(role: .runner, name: name)]
    // A become method is a connection method too: the two need names of their own.
    case .bundle:
      [
        Part(role: .connection, name: name), Part(role: .become, name: name + "-account"),
        Part(role: .runner, name: name + "-script"),
      ]
    }
  }

  var isBundle: Bool { kind == .bundle }
  var hasRunner: Bool { parts.contains { $0.role == .runner } }

  // MARK: What both languages have

  private var summary: String {
    switch kind {
    case .connection: "The connection method `ansible_connection: \(name)`"
    case .become: "The become method `ansible_become_method: \(name)`"
    case .runner: "A runner for a kind of module"
    case .bundle: "A connection method, a become method and a kind of module of one site"
    }
  }

  /// How each is used, for the README.
  var use: String {
    let texts = parts.map { part in
      let template =
        switch part.role {
        case .connection: PackageResources.use_connection_md_template
        case .become: PackageResources.use_become_md_template
        case .runner: PackageResources.use_runner_md_template
        }
      return String(decoding: file("", template, of: part).bytes, as: UTF8.self)
    }
    return texts.joined(separator: "\n")
  }

  /// The cases of a plugin in `cases`, each by the beginning of its file's name.
  private func cases(_ part: Part) -> [File] {
    let all: [(String, [UInt8])] =
      switch part.role {
      case .connection:
        [
          ("denied", PackageResources.case_connection_denied_json_template),
          ("password", PackageResources.case_connection_password_json_template),
          ("refused", PackageResources.case_connection_refused_json_template),
        ]
      case .become:
        [
          ("denied", PackageResources.case_become_denied_json_template),
          ("password", PackageResources.case_become_password_json_template),
          ("refused", PackageResources.case_become_refused_json_template),
        ]
      case .runner:
        [
          ("other", PackageResources.case_runner_other_json_template),
          ("own", PackageResources.case_runner_own_json_template),
        ]
      }
    return all.map { file("cases/\(isBundle ? "\(part.role)-" : "")\($0).json", $1, of: part) }
  }

  /// A file from a template, its marks replaced.
  ///
  /// - Parameter part: whose name it is about; `nil`: the package's.
  func file(_ path: String, _ template: [UInt8], of part: Part? = nil, _ more: [String: String] = [:]) -> File {
    let name = part?.name ?? self.name
    let identifier = Self.identifier(name)
    var marks = [
      "name": name, "identifier": identifier, "IDENTIFIER": identifier.uppercased(), "Module": module, "Target": target, "summary": summary,
    ]
    marks.merge(more) { $1 }
    return File(path: path, bytes: Self.filled(template, marks))
  }

  /// `@WORD@` is replaced where WORD is a mark; any other `@` stays.
  static func filled(_ template: [UInt8], _ marks: [String: String]) -> [UInt8] {
    let at = UInt8(ascii: "@")
    var result: [UInt8] = []
    var rest = template[...]
    while let start = rest.firstIndex(of: at) {
      result += rest[..<start]
      let behind = rest[(start + 1)...]
      if let end = behind.firstIndex(of: at), let value = marks[String(decoding: behind[..<end], as: UTF8.self)] {
        result += Array(value.utf8)
        rest = rest[(end + 1)...]
      } else {
        result.append(at)
        rest = behind
      }
    }
    return result + rest
  }
}

/// The boundary, for those who write in C: the text of `mitogen_plugin.h`.
public enum PluginHeader {
  public static var bytes: [UInt8] { PackageResources.mitogen_plugin_h }
}
