import PluginKit

/// The connection method site: a host of one of the site's zones, through the site's gateway.
///
///     site-enter --zone ZONE HOST -- COMMAND...
public struct SiteConnection: ConnectionPlugin {
  public static let name = "site"
  public static let summary = "Reaches a host of a zone through the site's gateway."

  public static let options: [OptionDeclaration] = [
    .string("remote_addr", "The host: its name in the inventory where nothing says otherwise.", vars: ["ansible_host"]),
    .string("zone", "Its zone.", default: SiteDefaults.zone, vars: ["site_zone"], ini: ["site/zone"], env: ["SITE_ZONE"]),
    .string("folder", "Where the site's programs are.", default: SiteDefaults.folder, vars: ["site_folder"], env: ["SITE_FOLDER"]),
    .float("timeout", "Seconds until the host must have answered.", default: SiteDefaults.timeout, vars: ["ansible_timeout"]),
  ]

  public init() {}

  public func plan(_ options: Options, probes: [ProbeResult]?) throws -> LaunchPlan {
    let host = try options.string("remote_addr") ?? options.host
    let zone = try options.string("zone") ?? SiteDefaults.zone
    guard !host.hasPrefix("-"), !zone.hasPrefix("-") else {
      throw PluginRefusal(message: "site: neither a host nor a zone begins with -", hint: "correct ansible_host or site_zone")
    }
    return LaunchPlan(
      argv: [
        .literal("\(try options.string("folder") ?? SiteDefaults.folder)/site-enter"), .literal("--zone"), .literal(zone),
        .literal(host), .literal("--"), .bootstrapWords,
      ],
      stdio: .socketpair,
      interpreter: .discover,
      hints: [
        .init(contains: "no such host", code: "unreachable", message: "zone \(zone) has no host \(host)", hint: "check site_zone")
      ],
      description: "\(host) in zone \(zone)",
      timeout: try options.seconds("timeout"))
  }
}
