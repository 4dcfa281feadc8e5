import PluginKit

/// Which secrets there are. What they are the launcher alone knows.
struct SSHSecrets {
  var hasPassword: Bool
  var hasPassphrase: Bool
  /// The private key itself, not the name of its file.
  var hasKey: Bool

  init(_ options: Options) throws {
    let mechanism = try options.string("password_mechanism")
    hasPassword = options.has(secret: "password") && mechanism != "disable"
    hasPassphrase = options.has(secret: "private_key_passphrase")
    hasKey = options.has(secret: "private_key")
  }

  /// ssh asks for them on its controlling terminal.
  var areAskedFor: Bool { hasPassword || hasPassphrase }
}
