import PluginKit

/// The words for a container that cannot be entered, and why the tool says so.
struct ProbeFailure {
  var description: String
  var kind: ContainerKind
  var container: String
  var command: [String]

  func isStopped(_ state: String) -> PluginRefusal {
    refusal("it is not running (\(state.lowercased()))", "Start it: \(kind.startCommand(container))")
  }

  func isMachine() -> PluginRefusal {
    refusal("it is a virtual machine, whose processes are not this kernel's", "Reach it by ssh.")
  }

  func unreadable(_ result: ProbeResult) -> PluginRefusal {
    refusal("\(program) names no process: \(lastLine(result.stdout))", "See what this prints: \(spoken)")
  }

  /// The tool failed, or could not be started.
  func ofTool(_ result: ProbeResult) -> PluginRefusal {
    let said = lastLine(result.stderr.isEmpty ? result.stdout : result.stderr)
    if result.rc == 126 || result.rc == 127 {
      return refusal("\(program) could not be started: \(said)", "Install it there, or set \(kind.pathOption) to its path.")
    }
    let words = said.lowercased()
    let isMissing = ["no such container", "no such object", "not found", "doesn't exist", "no machine"].contains { words.contains($0) }
    let isDenied = ["denied", "privilege", "not permitted"].contains { words.contains($0) }
    let hint =
      isMissing
      ? "Set ansible_host to the name of a container that is there."
      : isDenied ? "That takes root: connect as root, or through a hop that becomes root." : "See what this prints: \(spoken)"
    return refusal("\(program) ended with exit status \(result.rc): \(said)", hint)
  }

  private var program: String { command.first ?? "" }
  /// Without the template, which nobody would type.
  private var spoken: String { command.filter { !$0.hasPrefix("{") && $0 != "--format" }.joined(separator: " ") }

  private func refusal(_ message: String, _ hint: String) -> PluginRefusal {
    PluginRefusal(code: "unreachable", message: "\(description): \(message)", hint: hint)
  }

  private func lastLine(_ text: String) -> String {
    text.split(separator: "\n").last { !$0.allSatisfy(\.isWhitespace) }.map { String($0.prefix(300)) } ?? "it said nothing"
  }
}
