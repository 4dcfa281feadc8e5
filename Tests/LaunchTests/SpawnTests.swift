import CMitogenSystem
import FoundationEssentials
import Glibc
import NIOPosix
import Plans
import Testing

@testable import Launch

/// What a child is given, and what happens when there is none.
struct SpawnTests {
  /// Runs a program and returns its exit and stdout.
  private func run(
    _ argv: [String], environment: [String]? = nil, directory: String? = nil, flags: UInt32 = 0
  ) async throws -> (exit: ChildExit, output: String) {
    let stdio = try ChildStdio(.pipes)
    let request = SpawnRequest(
      argv: argv, environment: environment ?? SpawnRequest.environment(changes: [:]), directory: directory)
    let process = try request.spawn(
      stdio: (stdio.child.input.number, stdio.child.output.number, stdio.child.error.number), terminal: nil, flags: flags)
    stdio.closeChildEnds()
    let exit = try await ChildReaper.shared.reap(process, on: MultiThreadedEventLoopGroup.singleton.next()).get()
    guard case .pipes(let input, _) = stdio.link else { return (exit, "") }
    return (exit, String(decoding: System.readAvailable(input.number), as: UTF8.self))
  }

  @Test(arguments: [0, MITOGEN_SPAWN_CLOSE_BY_LISTING])
  func aChildHasThreeDescriptorsOnly(_ flags: UInt32) async throws {
    let inherited = open("/dev/null", O_RDONLY)
    defer { close(inherited) }
    #expect(fcntl(inherited, F_SETFD, 0) == 0)
    let listing = "import os;print(sorted(int(n) for n in os.listdir('/proc/self/fd') if os.path.exists('/proc/self/fd/'+n)))"
    let result = try await run([Trial.python, "-c", listing], flags: flags)
    #expect(result.output == "[0, 1, 2]\n")
  }

  @Test func aChildHasDefaultSignalsASessionAndTheOldFileLimit() async throws {
    var before = rlimit()
    getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &before)
    #expect(mitogen_raise_nofile() == 0)
    #expect(mitogen_raise_nofile() == 0)
    var raised = rlimit()
    getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &raised)
    #expect(raised.rlim_cur == raised.rlim_max)
    signal(SIGPIPE, SIG_IGN)
    let program = """
      import os,resource
      status = dict(l.split(":\\t") for l in open("/proc/self/status").read().splitlines() if l.startswith("Sig"))
      print(status["SigBlk"], os.getsid(0) == os.getpid(), resource.getrlimit(resource.RLIMIT_NOFILE)[0])
      os.execvp("grep", ["grep", "SigIgn", "/proc/self/status"])
      """
    let result = try await run(["/usr/bin/env", "python3", "-uc", program])
    let lines = result.output.split(separator: "\n")
    #expect(lines.first == "0000000000000000 True \(before.rlim_cur)")
    // Python ignores SIGPIPE and SIGXFSZ for itself; a child of sh shows what was inherited.
    let plain = try await run(["grep", "SigIgn", "/proc/self/status"])
    #expect(plain.output == "SigIgn:\t0000000000000000\n")
  }

  @Test func environmentAndDirectoryAreThePlans() async throws {
    let changes: [String: String?] = ["REMOVED": nil, "CHANGED": "a=b\n", "NEW": ""]
    let environment = SpawnRequest.environment(
      changes: changes, inherited: ["REMOVED=1", "CHANGED=1", "CHANGED2=2", "PATH=/usr/bin:/bin"])
    let result = try await run(
      ["/bin/sh", "-c", "printf %s. \"${REMOVED-none}\" \"$CHANGED\" \"$CHANGED2\" \"${NEW-none}\" \"$(pwd)\""],
      environment: environment, directory: "/usr")
    #expect(result.output == "none.a=b\n.2../usr.")
  }

  @Test func howItEndedIsSeen() async throws {
    #expect(try await run(["/bin/sh", "-c", "exit 3"]).exit == .exited(3))
    #expect(try await run(["/bin/sh", "-c", "kill -9 $$"]).exit == .signalled(9))
  }

  @Test(arguments: [
    (["/nowhere/program"], nil, "execute", ENOENT), (["no-such-program-anywhere"], nil, "execute", ENOENT),
    (["/etc/passwd"], nil, "execute", EACCES), (["/bin/true"], "/nowhere", "change to the directory", ENOENT),
    ([], nil, "execute", ENOENT), ([""], nil, "execute", ENOENT), (["/bin/true", "a\0b"], nil, "pass a NUL byte to", EINVAL),
  ] as [([String], String?, String, Int32)])
  func whatCannotBeStartedSaysWhy(_ argv: [String], _ directory: String?, _ step: String, _ number: Int32) async throws {
    await #expect(throws: SpawnRequest.Failure(step: step, number: number)) {
      try await run(argv, directory: directory)
    }
  }

  @Test func anotherProcessCanBeWatched() async throws {
    let loop = MultiThreadedEventLoopGroup.singleton.next()
    await #expect(throws: LaunchError.self) { try await ProcessWatch.end(of: Int32.max, on: loop).get() }
    let stdio = try ChildStdio(.pipes)
    let process = try SpawnRequest(argv: ["/bin/cat"], environment: []).spawn(
      stdio: (stdio.child.input.number, stdio.child.output.number, stdio.child.error.number), terminal: nil)
    stdio.closeChildEnds()
    let watched = ProcessWatch.end(of: process.pid, on: loop)
    let reaped = ChildReaper.shared.reap(process, on: loop)
    ChildReaper.shared.signal(process, SIGKILL)
    try await watched.get()
    #expect(try await reaped.get() == .signalled(SIGKILL))
    // It is gone, and its PID may be somebody else's.
    ChildReaper.shared.signal(process, SIGKILL)
  }

  @Test func peersAndMemoryAreKnown() throws {
    let (one, other) = try System.socketPair()
    var uid = uid_t.max
    var pid = pid_t(0)
    #expect(mitogen_peer_uid(one.number, &uid) == 0)
    #expect(mitogen_peer_pid(other.number, &pid) == 0)
    #expect(uid == getuid())
    #expect(pid == getpid())
    #expect(mitogen_peer_uid(0, &uid) != 0)
    #expect(mitogen_current_rss() > 1 << 20)
    var file: Int32 = -1
    #expect(mitogen_memfd("test", &file) == 0)
    #expect(close(file) == 0)
  }
}
