import ArgumentParser
import Mitogen
import Router

/// `mitogen`: the router, and what a person does with it.
@main
struct MitogenCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "mitogen",
    abstract: "Persistent interpreters on every target, for Ansible.",
    version: MitogenVersion.current,
    subcommands: [
      RouterCommand.self, RunCommand.self, CopyCommand.self, PluginsCommand.self, AnsibleConfigCommand.self,
      PluginHostCommand.self, RemoteShellCommand.self,
    ])
}
