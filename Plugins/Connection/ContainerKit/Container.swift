import PluginKit

/// A container that a program on the parent's machine enters, as `PROGRAM … NAME -- PYTHON`: what its options say,
/// and the plan that comes of them. A plugin adds what its program is told, and what that program's errors mean.
public struct Container {
  /// The program, as the first words of its command line.
  public let program: [String]
  public let name: String
  /// The account inside; `nil` for the one that the container itself names.
  public let user: String?
  private let method: String
  private let programOption: String
  private let inventoryName: String
  private let timeout: Double

  /// A time limit of the method's own: it counts where it says something else than its default.
  public struct Limit {
    var option: String
    var standard: Double
    public init(_ option: String, standard: Double) {
      self.option = option
      self.standard = standard
    }
  }

  /// - Parameters:
  ///   - program: the options that name the program; the first that is set counts, and `command` where none is.
  ///   - named: an option that names the container instead of `remote_addr`, where it is set.
  ///   - account: the option that names the account; `nil` where the tool cannot choose it.
  ///   - standard: the account that the tool enters as in any case: it is not told.
  public init(
    _ options: Options, method: String, program: [String], else command: String, named: String? = nil,
    account: String? = "remote_user", standard: String? = nil, limit: Limit? = nil
  ) throws {
    self.method = method
    programOption = program[0]
    self.program = try program.map { try options.words($0) }.first { !$0.isEmpty } ?? [command]
    inventoryName = options.host
    user = try account.flatMap { try Self.word(options, $0) }.flatMap { $0 == standard ? nil : $0 }
    let own = try limit.flatMap { limit in try options.float(limit.option).flatMap { $0 == limit.standard ? nil : $0 } }
    timeout = try own.flatMap { $0 > 0 && $0.isFinite ? $0 : nil } ?? options.seconds("timeout")
    guard let name = try named.flatMap({ try Self.word(options, $0) }) ?? Self.word(options, "remote_addr") else {
      throw options.refusal("remote_addr", "no container is named", "set ansible_host")
    }
    self.name = name
  }

  /// A value that becomes a word of its own on the command line.
  private static func word(_ options: Options, _ name: String) throws -> String? {
    let value = try options.string(name)
    guard let value, value.hasPrefix("-") else { return value }
    throw options.refusal(name, "\"\(value)\" would be read as an option of the program", "correct its value")
  }

  /// The plan whose command line is these words and, as the container's command, the interpreter.
  ///
  /// - Parameter asUser: words of a program in the container that take a command line for a shell, such as
  ///   `su USER -c`, where the tool itself cannot change the account.
  public func plan(
    _ words: [String], asUser: [String] = [], hints: [LaunchPlan.ErrorHint], environment: [String: String?] = [:],
    leavesMachine: Bool = false
  ) -> LaunchPlan {
    LaunchPlan(
      argv: (words + asUser).map { .literal($0) } + [asUser.isEmpty ? .bootstrapWords : .bootstrapShellCommand],
      environment: environment,
      // The tools copy what they read to another process or hand their descriptors on: pipes are what all of them expect.
      stdio: .pipes,
      interpreter: .discover,
      hints: programHints + hints,
      leavesMachine: leavesMachine,
      description: "\(method) to \(target)",
      timeout: timeout)
  }

  /// For messages: "web1 (container app, user deploy)".
  private var target: String {
    let details = [name == inventoryName ? nil : "container \(name)", user.map { "user \($0)" }].compactMap { $0 }
    return details.isEmpty ? inventoryName : "\(inventoryName) (\(details.joined(separator: ", ")))"
  }
}

// MARK: What the programs' errors mean

extension Container {
  private var programHints: [LaunchPlan.ErrorHint] {
    [
      unreachable(
        "\(program[0]): No such file or directory", "the program \(program[0]) is not there",
        "install it on the machine that reaches the container, or set \(programOption)"),
      unreachable(
        "\(program[0]): Permission denied", "the program \(program[0]) may not be executed",
        "correct its mode, or set \(programOption)"),
    ]
  }

  public func missing(_ text: String, _ hint: String = "check ansible_host, and on which machine the container is")
    -> LaunchPlan.ErrorHint
  {
    unreachable(text, "there is no container \(name)", hint)
  }

  public func stopped(_ text: String) -> LaunchPlan.ErrorHint {
    unreachable(text, "the container \(name) does not run", "start it")
  }

  public func unknownUser(_ text: String, on: String? = nil) -> LaunchPlan.ErrorHint {
    .init(
      contains: text, on: on, code: "authentication",
      message: user.map { "there is no account \($0) in the container" } ?? "the container's account is not there",
      hint: "check ansible_user, and the container's /etc/passwd")
  }

  /// - Parameter option: the variable that names the directory.
  public func noDirectory(_ text: String, _ option: String, on: String? = nil) -> LaunchPlan.ErrorHint {
    .init(
      contains: text, on: on, code: "unreachable", message: "the working directory is not there in the container",
      hint: "make it, or correct \(option)")
  }

  /// The interpreter is looked for by a line of `sh`; an image of one program may have neither.
  ///
  /// - Parameter on: "stdout" for a program that reports it there.
  public func nothingToRun(_ text: String, on: String? = nil) -> LaunchPlan.ErrorHint {
    .init(
      contains: text, on: on, code: "no_python", message: "the container has no /bin/sh, or no such interpreter",
      hint: "use an image that has Python, or set ansible_python_interpreter to a path in it")
  }

  /// For what only the runtime's own text can explain.
  public func notStarted(_ text: String, on: String? = nil) -> LaunchPlan.ErrorHint {
    .init(
      contains: text, on: on, code: "unreachable", message: "the container's runtime started nothing in it",
      hint: "its text says why")
  }

  public func denied(_ text: String, _ hint: String) -> LaunchPlan.ErrorHint {
    unreachable(text, "the account may not use \(program[0])", hint)
  }

  public func unreachable(_ text: String, _ message: String, _ hint: String) -> LaunchPlan.ErrorHint {
    .init(contains: text, code: "unreachable", message: message, hint: hint)
  }
}
