#if canImport(Glibc)
  import Glibc
#endif

/// Where plugins are looked for, and how far they are trusted.
public struct RegistryConfiguration: Sendable {
  public enum Origin: String, Codable, Sendable {
    case option = "--plugin-dir"
    case environment = "MITOGEN_PLUGIN_PATH"
    case site
    case installation
  }

  /// A folder that holds libraries with their manifests beside them.
  public struct Folder: Equatable, Sendable {
    public var path: String
    public var origin: Origin
    public init(_ path: String, _ origin: Origin) {
      self.path = path
      self.origin = origin
    }
  }

  public enum Isolation: String, Codable, Sendable {
    /// The installation's libraries in this process, all others in one helper process each.
    case automatic
    /// All in this process: for debugging a plugin.
    case none
    /// Each in a helper process, the installation's too.
    case process
  }

  public struct LogLine: Equatable, Codable, Sendable {
    public var level: String
    /// The library's file name.
    public var library: String
    public var text: String
    /// Not the plugin says it, but the registry of what the plugin did.
    public var isMistake: Bool

    public init(level: String, library: String, text: String, isMistake: Bool = false) {
      self.level = level
      self.library = library
      self.text = text
      self.isMistake = isMistake
    }
  }

  /// Looked at in this order; of two plugins with one name the first is used.
  public var folders: [Folder]
  public var isolation: Isolation
  /// How long a library may take to be loaded, its constructors included. Generous, as all deadlines here: past
  /// one a library is not used again in the run, and a crowded machine must not cost a run its ssh.
  public var loadDeadline: Duration
  /// The command of the helper process, which reads its requests from descriptor 0.
  public var helperCommand: [String]
  /// What plugins log, and what the registry has to say of them. Called on any thread.
  public var log: @Sendable (LogLine) -> Void

  public init(
    folders: [Folder], isolation: Isolation = .automatic, loadDeadline: Duration = .seconds(10),
    helperCommand: [String] = ["/proc/self/exe", "plugin-host"], log: @escaping @Sendable (LogLine) -> Void = { _ in }
  ) {
    self.folders = folders
    self.isolation = isolation
    self.loadDeadline = loadDeadline
    self.helperCommand = helperCommand
    self.log = log
  }

  /// Where a site keeps its own libraries.
  public static let siteFolder = "/usr/local/lib/mitogen/plugins"

  /// The configuration of an installed `mitogen`: `--plugin-dir` folders, `MITOGEN_PLUGIN_PATH`, the site's folder
  /// (or `MITOGEN_PLUGIN_SITE`), and the installation: the executable's own folder and `../lib/mitogen` from there.
  /// Folders that do not exist are left out, except those that somebody named.
  public static func standard(
    pluginFolders: [String] = [], environment: [String: String] = [:], executable: String = executablePath(),
    log: @escaping @Sendable (LogLine) -> Void = { _ in }
  ) -> RegistryConfiguration {
    var folders = pluginFolders.map { Folder($0, .option) }
    folders += (environment["MITOGEN_PLUGIN_PATH"] ?? "").split(separator: ":").map { Folder(String($0), .environment) }
    let site = environment["MITOGEN_PLUGIN_SITE"] ?? siteFolder
    if FileSystem.isFolder(site) { folders.append(Folder(site, .site)) }
    let own = FileSystem.folder(of: executable)
    folders.append(Folder(own, .installation))
    let library = FileSystem.folder(of: own) + "/lib/mitogen"
    if FileSystem.isFolder(library) { folders.append(Folder(library, .installation)) }
    let wanted = environment["MITOGEN_PLUGIN_ISOLATION"] ?? ""
    let isolation = Isolation(rawValue: wanted) ?? .automatic
    if !wanted.isEmpty, isolation.rawValue != wanted {
      log(
        LogLine(
          level: "warning", library: "", text: "MITOGEN_PLUGIN_ISOLATION is none or process, not \"\(wanted)\": ignored"))
    }
    return RegistryConfiguration(folders: folders, isolation: isolation, log: log)
  }

  /// This process's executable, links resolved.
  public static func executablePath() -> String {
    FileSystem.linkTarget("/proc/self/exe") ?? "/proc/self/exe"
  }

  func isIsolated(_ origin: Origin) -> Bool {
    switch isolation {
    case .none: false
    case .process: true
    case .automatic: origin != .installation
    }
  }
}
