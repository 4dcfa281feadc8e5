@_exported public import Plans

/// What every plugin says of itself. A plugin is a value without state: it decides, and does nothing.
///
/// Its functions are synchronous and pure: the same input gives the same answer, which the router keeps. They may
/// be called on any thread, and do not read files, start processes or wait.
public protocol Plugin: Sendable {
  /// What `ansible_connection` calls it: lower case letters, digits, `_`, `-` and dots.
  static var name: String { get }
  /// One sentence for `mitogen plugins show`.
  static var summary: String { get }
  /// Further names that select it.
  static var aliases: [String] { get }
  static var options: [OptionDeclaration] { get }
}

extension Plugin {
  public static var aliases: [String] { [] }
  public static var options: [OptionDeclaration] { [] }
}

/// A way to start a node: a transport such as ssh, or a change of account such as sudo.
public protocol ConnectionPlugin: Plugin {
  /// True for a method that stays on the machine and changes the account: it then serves as a become method.
  static var changesAccount: Bool { get }

  /// Turns options into a plan. Called a second time, with `probes`, if the first plan asked for some.
  func plan(_ options: Options, probes: [ProbeResult]?) throws -> LaunchPlan
}

extension ConnectionPlugin {
  public static var changesAccount: Bool { false }
}

/// A kind of module: how to recognise its source and how to run it.
public protocol ModuleRunner: Plugin {
  /// Runners are asked in this order, lowest first; the first that recognises a source runs it.
  /// The built-in ones: binary 100, new-style 200, JSON_ARGS 300, WANT_JSON 400, old-style 500.
  static var precedence: Int { get }
  /// The Python source that runs in the executor.
  static var half: [UInt8] { get }

  func recognises(_ source: UnsafeRawBufferPointer, path: String) throws -> Bool
  /// For a source that it recognised.
  func plan(_ source: UnsafeRawBufferPointer, path: String) throws -> RunPlan
}
