import ArgumentParser
import Authoring
import Glibc

extension PluginsCommand {
  /// `mitogen plugins check`: the harness for authors.
  struct Check: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Try a library with all that it may meet, and say what it made of it.",
      discussion: """
        Prints one verdict a line: ok, note or FAIL, what was looked at, and what was found. The exit status is 1 where one
        is FAIL. The library runs in helper processes: what it does to its process is a verdict.
        Cases are files of JSON that say what you expect of a plugin; Plugins/AUTHORING.md describes them. With --live, a play
        goes over the hosts of an inventory that your plugin leads to, by the ansible-playbook on the PATH.
        """)

    @Argument(help: "The library; its manifest lies beside it.") var library: String
    @Option(name: .customLong("cases"), parsing: .upToNextOption, help: "Files with your own cases.")
    var cases: [String] = []
    @Option(help: "An inventory whose hosts are reached, or whose accounts are become, by the library.") var live: String?
    @Option(help: "Seconds that a trial may take, with the loading of the library.") var deadline = 10.0

    func validate() throws {
      guard deadline > 0, deadline < 86400 else { throw ValidationError("A deadline is more than 0 seconds, and less than a day.") }
    }

    func run() throws {
      signal(SIGPIPE, SIG_IGN)
      let files = try cases.map { path in
        Examination.CaseFile(name: path.split(separator: "/").last.map(String.init) ?? path, bytes: try InputFile.read(path))
      }
      var failures = 0
      func report(_ verdict: Verdict) {
        if verdict.grade == .fail { failures += 1 }
        Output.write(Array("\(verdict)\n".utf8))
      }
      let settings = live == nil ? [:] : try liveSettings()
      let methods = Examination(library: library, deadline: .milliseconds(Int(deadline * 1000))).run(cases: files, report)
      if let live, let methods { LivePlay(library: library, inventory: live, settings: settings).run(methods: methods, report) }
      if failures > 0 { throw ExitCode(1) }
    }

    private func liveSettings() throws -> [String: String] {
      var settings = Dictionary(uniqueKeysWithValues: try AnsibleConfigCommand.settings().map { ($0.variable, $0.value) })
      settings["MITOGEN_PLUGIN_PATH"] = Environment()["MITOGEN_PLUGIN_PATH"]
      return settings
    }
  }
}
