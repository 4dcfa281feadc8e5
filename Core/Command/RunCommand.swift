import ArgumentParser
import Glibc
import Mitogen
import Wire

/// `mitogen run ROUTE -- COMMAND`: tries a connection, with no Ansible in between.
struct RunCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run", abstract: "Run a command on the node of a route.",
    discussion: """
      \(SessionOptions.routes)
      """)

  @OptionGroup var options: SessionOptions

  @Argument(help: "The route.")
  var route: String

  @Argument(parsing: .postTerminator, help: "The command and its arguments.")
  var command: [String] = []

  func validate() throws {
    if command.isEmpty { throw ValidationError("Give a command after --, as in: mitogen run \(route) -- hostname") }
  }

  func run() throws {
    signal(SIGPIPE, SIG_IGN)
    let route: Route
    do {
      route = try Route(self.route)
    } catch {
      throw ValidationError(error.description)
    }
    let session = try options.session(for: route)
    do {
      let outcome = try session.exec(command, on: route, input: STDIN_FILENO) { bytes, isError in
        Output.write(Array(bytes), to: isError ? STDERR_FILENO : STDOUT_FILENO)
      }
      try session.close()
      throw ExitCode(outcome.status)
    } catch let failure as Failure {
      try? session.close()
      Output.write(Array("mitogen: \(failure)\n".utf8), to: STDERR_FILENO)
      // As ssh does for its own failures: a command's status cannot be told from a smaller number.
      throw ExitCode(255)
    }
  }
}
