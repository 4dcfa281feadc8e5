import PluginKit

/// The become method site-account: `become_method: site-account`.
///
///     site-as USER -- COMMAND...
public struct SiteAccount: ConnectionPlugin {
  public static let name = "site-account"
  public static let summary = "Becomes an account by the site's own program, which asks nothing."
  public static let changesAccount = true

  public static let options: [OptionDeclaration] = [
    .string("become_user", "The account.", default: SiteDefaults.account, vars: ["ansible_become_user"]),
    .string("folder", "Where the site's programs are.", default: SiteDefaults.folder, vars: ["site_folder"], env: ["SITE_FOLDER"]),
    .float("timeout", "Seconds until the account must have answered.", default: SiteDefaults.timeout, vars: ["ansible_timeout"]),
  ]

  public init() {}

  public func plan(_ options: Options, probes: [ProbeResult]?) throws -> LaunchPlan {
    let account = try options.string("become_user") ?? SiteDefaults.account
    guard !account.hasPrefix("-") else {
      throw PluginRefusal(
        code: "become", message: "site-account: an account's name does not begin with -", hint: "correct ansible_become_user")
    }
    return LaunchPlan(
      argv: [
        .literal("\(try options.string("folder") ?? SiteDefaults.folder)/site-as"), .literal(account), .literal("--"),
        .bootstrapWords,
      ],
      stdio: .socketpair,
      interpreter: .direct,
      hints: [.init(contains: "not allowed", code: "become", message: "\(account) is not open to you", hint: "ask the site's desk")],
      leavesMachine: false,
      description: "site-account \(account)",
      timeout: try options.seconds("timeout"))
  }
}
