import ArgumentParser
import Glibc
import Mitogen
import Synchronization
import Wire

/// `mitogen copy SRC... DST`: files and trees to the node of a route, or from there.
struct CopyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "copy", abstract: "Copy files to the node of a route, or from there.",
    discussion: """
      One end is a path here, the other ROUTE:PATH, with a path that begins with / or ~:
        mitogen copy -r site ssh://web1/sudo:root:/srv
        mitogen copy ssh://web1:~/report.txt .
      A directory that is there takes what is copied into it. Each file is written beside its place and renamed when it is
      whole; its place keeps owner and mode. Links in a tree stay links.
      How far a copy is, is shown on a terminal from the first second on; MITOGEN_PROGRESS=0 or 1 overrides.

      \(SessionOptions.routes)
      """)

  @Flag(name: .shortAndLong, help: "Directories, with all that is in them.")
  var recursive = false

  @Flag(name: .shortAndLong, help: "Modes and times become those of the source.")
  var preserve = false

  @OptionGroup var options: SessionOptions

  @Argument(help: "What is copied, and where to.")
  var places: [String]

  func run() throws {
    signal(SIGPIPE, SIG_IGN)
    guard places.count > 1 else { throw ValidationError("Give a source and a destination.") }
    let direction: CopyDirection
    do {
      let all = try places.map { text throws(CopyPlace.Malformed) in try CopyPlace(text) }
      direction = try CopyDirection(from: Array(all.dropLast()), to: all[all.count - 1])
    } catch {
      throw ValidationError("\(error)")
    }
    var copyOptions = Session.CopyOptions()
    copyOptions.recursive = recursive
    copyOptions.preserve = preserve
    let progress = ProgressLine(switchedBy: Environment()["MITOGEN_PROGRESS"])
    let hasProblem = Mutex(false)
    let session = try options.session(for: direction.route)
    do {
      try session.copy(
        direction, options: copyOptions,
        events: .init(progress: { progress.show(done: $0, total: $1) }) { problem in
          hasProblem.withLock { $0 = true }
          progress.say("mitogen: \(problem)")
        })
      progress.finish()
      try session.close()
    } catch let failure as Failure {
      progress.finish()
      try? session.close()
      Output.write(Array("mitogen: \(failure)\n".utf8), to: STDERR_FILENO)
      throw ExitCode(255)
    }
    // Something is missing: as cp and scp say it.
    if hasProblem.withLock({ $0 }) { throw ExitCode(1) }
  }
}
