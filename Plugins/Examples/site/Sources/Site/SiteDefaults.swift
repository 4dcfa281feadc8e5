/// What holds at this site where nothing else is said: the one file that another site changes.
enum SiteDefaults {
  /// The site's programs, on every controller and host.
  static let folder = "/opt/site/bin"
  static let zone = "production"
  /// Who deploys.
  static let account = "deploy"
  /// The site's gateways are slow to let one in.
  static let timeout = 30.0
}
