import PluginKit

/// -a (OpenBSD's login style) and -u have their effect. -n is decided here, so it is dropped. Any other is refused by
/// name: with it doas does something else than to run a command.
enum DoasFlags {
  static let help = "Options of doas: -a and -u have their effect, -n need not be given."

  /// doas(1) of OpenBSD and of OpenDoas, whose older versions had -v. It has letters only.
  static let rules = BecomeFlags.Rules(
    of: "doas",
    [
      .init("a", nil, .required, .keep), .init("u", nil, .required, .account), .init("n", nil, .none, .drop),
      .init("C", nil, .required, .refuse("with it doas only checks a configuration")),
      .init("L", nil, .none, .refuse("with it doas only forgets passwords")),
      .init("s", nil, .none, .refuse("there is to be no shell in between")),
      .init("v", nil, .none, .refuse("with it doas only tells its version")),
    ],
    honoured: "-a -u (and -n, which has no effect)")
}
