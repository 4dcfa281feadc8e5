import ArgumentParser
import Glibc
import Mitogen
import Wire

/// `mitogen rsh`: what `rsync --rsh` is given for a host that ssh alone does not reach.
struct RemoteShellCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "rsh", abstract: "Run a command line on an open node of a running router, as ssh would.",
    discussion: "Called as a remote shell by rsync and the like: options -l and the host's name are accepted, and have no effect.",
    shouldDisplay: false)

  @Option(help: "The router's socket.")
  var socket: String

  @Option(help: "The node's number.")
  var node: UInt32

  @Option(name: .customShort("l"), help: .hidden)
  var user: String?

  @Argument(help: "The name of the host, which the node stands for.")
  var host: String

  @Argument(parsing: .captureForPassthrough, help: "The command line; its words are joined by spaces.")
  var command: [String] = []

  func run() throws {
    signal(SIGPIPE, SIG_IGN)
    do {
      let shell = try RemoteShell(socket: socket, node: node)
      let outcome = try shell.run(command.joined(separator: " "), input: STDIN_FILENO) { bytes, isError in
        let isRead = Output.isWritten(Array(bytes), to: isError ? STDERR_FILENO : STDOUT_FILENO)
        // Whoever called us is gone. The router sees our socket close and ends the command: a sender that never looks at
        // its input would otherwise go on to the end of its file.
        if !isRead && !isError { _exit(255) }
      }
      throw ExitCode(outcome.status)
    } catch let failure as Failure {
      Output.write(Array("mitogen: \(failure)\n".utf8), to: STDERR_FILENO)
      throw ExitCode(255)
    }
  }
}
