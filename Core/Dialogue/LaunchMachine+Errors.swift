import Plans

/// The words of each failure.
extension LaunchMachine {
  /// "ssh to web1: MESSAGE; last seen: …". Rules and hints of a plan give MESSAGE only.
  func told(_ message: String) -> String {
    let seen = lastSeen
    return "\(plan.description): \(message)" + (seen.isEmpty ? "" : "; last seen: \(seen)")
  }

  /// A hop that changes the account fails as `become`: Ansible then reports a failed task, not an unreachable host.
  /// It runs an interpreter directly, through some other program.
  private var generalCode: String {
    plan.interpreter == .direct && plan.argv.first != .bootstrapWords ? "become" : "unreachable"
  }

  private func variable(of slot: String) -> String {
    switch (plan.interpreter, slot) {
    case (.direct, "password"), (_, "become_password"): "ansible_become_password"
    case (.discover, "password"): "ansible_password"
    case (_, "private_key_passphrase"): "ansible_private_key_passphrase"
    default: "the option \"\(slot)\""
    }
  }

  func missing(slot: String) -> LaunchError {
    LaunchError(
      code: "authentication", message: told("needs a password, none was given"), hint: "Set \(variable(of: slot)).")
  }

  func refused(slot: String) -> LaunchError {
    LaunchError(
      code: "authentication", message: told("the password was not accepted"), hint: "Check \(variable(of: slot)).")
  }

  var noPython: LaunchError {
    let lookedFor = candidates.isEmpty ? "" : "; looked for: " + candidates.joined(separator: ", ")
    return LaunchError(
      code: "no_python", message: "\(plan.description): no Python was found" + lookedFor,
      hint: "Install Python there, or set ansible_python_interpreter.", exit: .exited(127))
  }

  func shellEnded(_ status: ChildExit) -> LaunchError {
    LaunchError(code: "node_lost", message: told("the shell there ended with \(status)"), exit: status)
  }

  func timeout(hadStarted: Bool) -> LaunchError {
    // A plugin's number may be anything, infinity too.
    let seconds = Int(exactly: plan.timeout).map(String.init) ?? "\(plan.timeout)"
    return LaunchError(
      code: "timeout",
      message: told(
        hadStarted
          ? "Python was started, but the agent did not answer within \(seconds) s"
          : "no Python was started within \(seconds) s"),
      hint: "Raise the timeout, or see what it waits for.")
  }

  /// The plan's hints know best; then 126 and 127, which shells, env and sudo give for a command that is not there.
  func ended(_ status: ChildExit, hadStarted: Bool) -> LaunchError {
    let explanation = hint(in: spoken.bytes) { $0.on != "stdout" }
    if let hint = explanation ?? (hadStarted ? nil : hint(in: noise.bytes) { $0.on == "stdout" }) {
      return LaunchError(code: hint.code, message: told(hint.message), hint: hint.hint, exit: status)
    }
    if hadStarted {
      return LaunchError(
        code: generalCode, message: told("ended with \(status) after Python was started, before the agent answered"),
        exit: status)
    }
    if status == .exited(126) || status == .exited(127) {
      return LaunchError(
        code: "no_python", message: told("the interpreter could not be started (\(status))"),
        hint: "Set ansible_python_interpreter to a Python that is there.", exit: status)
    }
    return LaunchError(
      code: generalCode, message: told("ended with \(status) before Python was started"), exit: status)
  }

  /// The first of these hints whose text stands there.
  private func hint(in bytes: [UInt8], where isAsked: (LaunchPlan.ErrorHint) -> Bool) -> LaunchPlan.ErrorHint? {
    let words = bytes.map(\.asciiLowercased)
    return plan.hints.first { isAsked($0) && words.contains(run: $0.contains.utf8.map(\.asciiLowercased), from: 0) }
  }

  /// The program itself did not start: where the plan begins with the interpreter, that is what is missing.
  package func couldNotStart(program: String, step: String, reason: String) -> LaunchError {
    if let hint = hint(in: Array("\(program): \(reason)".utf8), where: { $0.on != "stdout" }) {
      return LaunchError(code: hint.code, message: told(hint.message), hint: hint.hint)
    }
    let isInterpreter = plan.argv.first == .bootstrapWords
    return LaunchError(
      code: isInterpreter ? "no_python" : generalCode,
      message: "\(plan.description): could not \(step) \(program): \(reason)",
      hint: isInterpreter
        ? "Set ansible_python_interpreter to a Python that is there."
        : "Install it there, or set the variable that names its path.")
  }

  /// Why the link has ended, with what is known.
  package func diagnosis(exit: ChildExit?) -> LaunchError {
    let how = exit.map { "ended with \($0)" } ?? "closed the connection"
    switch phase {
    case .failed(let error): return error
    case .ready, .shell: return LaunchError(code: "node_lost", message: told(how), exit: exit)
    case .waitingForMarker, .waitingForHello:
      let hadStarted = phase == .waitingForHello
      if let exit { return ended(exit, hadStarted: hadStarted) }
      return LaunchError(
        code: generalCode,
        message: told(
          hadStarted
            ? "closed the connection after Python was started, before the agent answered"
            : "closed the connection before Python was started"))
    }
  }
}
