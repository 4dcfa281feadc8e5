import PluginKit

/// The runner site-script: scripts of sh in whose first lines stands `# site-script`. They find their arguments in the
/// environment, and what they print is their result.
public struct SiteScript: ModuleRunner {
  public static let name = "site-script"
  public static let summary = "Runs the site's scripts of sh, with their arguments in the environment."
  public static let precedence = 150
  public static var half: [UInt8] { PackageResources.half_py }

  public init() {}

  public func recognises(_ source: UnsafeRawBufferPointer, path: String) -> Bool {
    String(decoding: source.prefix(1024), as: UTF8.self).contains("\n# site-script\n")
  }

  public func plan(_ source: UnsafeRawBufferPointer, path: String) -> RunPlan {
    RunPlan(closure: .none, arguments: .json, interpreter: .directive, settings: ["zone": SiteDefaults.zone])
  }
}
