import CMitogenSystem
import FoundationEssentials
import Glibc
import NIOPosix
import Plans
import Testing

@testable import Launch

/// Accounts of a root that is not ours, and the words of what stands in the way: the agent passes the same vectors.
/// The lookup works in the one memory of a process that is about to execute something else: one at a time.
@Suite(.serialized) struct EnteringVectorTests {
  struct AccountVector: Decodable, Sendable, CustomTestStringConvertible {
    struct Account: Decodable, Equatable, Sendable {
      var uid: UInt32, gid: UInt32
      var name: String, home: String, shell: String
      var groups: [UInt32]
    }
    var name: String, user: String, passwd: String, group: String
    var group_name: String?
    var account: Account?
    var missing: String?
    var testDescription: String { name }
  }

  struct ObstacleVector: Decodable, Sendable, CustomTestStringConvertible {
    var obstacle: String
    var errno: Int32
    var user: String, code: String, message: String, hint: String
    var testDescription: String { "\(obstacle) \(errno)" }
  }

  struct EnvironmentVector: Decodable, Sendable {
    var name: String, user: String
    var changes: [String: String?]
    var environment: [String: String]
  }

  static let environments = try! Vectors.read("launch/environments.json", as: [EnvironmentVector].self)  // a broken file must stop the tests
  static let accounts = try! Vectors.read("accounts.json", as: [AccountVector].self)  // a broken file must stop the tests
  static let obstacles = try! Vectors.read("launch/entering.json", as: [ObstacleVector].self)

  @Test func accountsAreFoundInFilesOfThatForm() throws {
    let folder = try TemporaryContainer.folder()
    defer { rmdir(folder) }
    for vector in Self.accounts {
      let passwd = folder + "/passwd"
      let group = folder + "/group"
      try Data(vector.passwd.utf8).write(to: URL(filePath: passwd))
      try Data(vector.group.utf8).write(to: URL(filePath: group))
      var found = mitogen_account()
      let step = mitogen_find_account(passwd, group, vector.user, vector.group_name, &found)
      unlink(passwd)
      unlink(group)
      let missing = step == 0 ? nil : step == Int32(MITOGEN_SPAWN_STEP_USER.rawValue) ? "user" : "group"
      #expect(missing == vector.missing, "\(vector.name)")
      if let account = vector.account { #expect(Self.value(of: found) == account, "\(vector.name)") }
    }
  }

  @Test func aLineWithoutEndIsLeftOut() throws {
    let folder = try TemporaryContainer.folder()
    defer { rmdir(folder) }
    let passwd = folder + "/passwd"
    let long = String(repeating: "x", count: 200_000)
    try Data("\(long):x:1:1:::\napp:x:5:6::/home/app:/bin/sh\n\(long)".utf8).write(to: URL(filePath: passwd))
    defer { unlink(passwd) }
    var found = mitogen_account()
    #expect(mitogen_find_account(passwd, "/dev/null", "app", nil, &found) == 0)
    #expect(Self.value(of: found).home == "/home/app")
    // A container may have anything under this name, also what never answers.
    #expect(mitogen_find_account("/dev/zero", "/dev/zero", "app", nil, &found) == Int32(MITOGEN_SPAWN_STEP_USER.rawValue))
  }

  @Test func aProgramBeginsWithTheAccountsVariablesAndThePlansChanges() throws {
    let folder = try TemporaryContainer.folder()
    let passwd = folder + "/passwd"
    try Data("app:x:7301:7302::/home/app:/bin/ash\n".utf8).write(to: URL(filePath: passwd))
    defer {
      unlink(passwd)
      rmdir(folder)
    }
    for vector in Self.environments {
      let plan = LaunchPlan(argv: [], environment: vector.changes, description: "x", enter: .init(pid: 1))
      let request = SpawnRequest(plan: plan, argv: ["true"])
      var account = mitogen_account()
      #expect(mitogen_find_account(passwd, "/dev/null", vector.user, nil, &account) == 0)
      let own = request.environment.map { strdup($0) }
      defer { own.forEach { free($0) } }
      var places = own + Array(repeating: nil, count: 1 + Int(MITOGEN_ENTRY_VARIABLES))
      let without = CStrings(request.without)
      withExtendedLifetime(without) { mitogen_add_account_variables(&places, without.base, &account) }
      let found = places.prefix { $0 != nil }.map { String(cString: $0!).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false) }
      #expect(Dictionary(uniqueKeysWithValues: found.map { (String($0[0]), String($0[1])) }) == vector.environment, "\(vector.name)")
    }
  }

  @Test(arguments: obstacles)
  func obstaclesAreExplained(_ vector: ObstacleVector) throws {
    let obstacle = try #require(EntryObstacle(rawValue: vector.obstacle))
    let error = obstacle.error(
      .init(pid: 42, user: vector.user), description: "setns into docker container web", number: vector.errno)
    #expect(error == LaunchError(code: vector.code, message: vector.message, hint: vector.hint))
  }

  private static func value(of found: mitogen_account) -> AccountVector.Account {
    var found = found
    func text<T>(_ field: inout T) -> String {
      withUnsafeBytes(of: &field) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }
    let groups = withUnsafeBytes(of: &found.groups) { Array($0.bindMemory(to: UInt32.self).prefix(Int(found.group_count))) }
    return .init(
      uid: found.uid, gid: found.gid, name: text(&found.name), home: text(&found.home), shell: text(&found.shell),
      groups: groups)
  }
}

/// Real namespaces, made for the test. Root only (Tests/expected-skips).
@Suite(.enabled(if: getuid() == 0, "enters namespaces"), .serialized)
struct EnterTests {
  /// What a program sees of where it is.
  private static let look = """
    import os, socket
    status = dict(l.split(":\\t") for l in open("/proc/self/status").read().splitlines() if ":\\t" in l)
    names = ["HOME", "USER", "LOGNAME", "SHELL", "PATH", "LANG", "ADDED", "ANSIBLE", "MITOGEN_TEST_OUTSIDE"]
    print("|".join([socket.gethostname(), os.getcwd(), str(os.getuid()), str(os.getgid()), repr(sorted(os.getgroups())),
      str(os.getsid(0) == os.getpid()), str(os.path.exists("/etc/shadow")), status["SigBlk"],
      ",".join("%s=%s" % (n, os.environ[n]) for n in names if n in os.environ),
      repr(sorted(int(n) for n in os.listdir("/proc/self/fd") if os.path.exists("/proc/self/fd/" + n)))]))
    """
  private static let path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

  private func output(
    _ enter: LaunchPlan.Enter, _ argv: [String] = ["python3", "-c", look], environment: [String: String?] = [:],
    directory: String? = nil
  ) async throws -> String {
    let plan = LaunchPlan(argv: [.bootstrapWords], environment: environment, directory: directory, description: "x", enter: enter)
    let stdio = try ChildStdio(.pipes)
    let process = try SpawnRequest(plan: plan, argv: argv).spawn(
      stdio: (stdio.child.input.number, stdio.child.output.number, stdio.child.error.number), terminal: nil)
    stdio.closeChildEnds()
    let exit = try await ChildReaper.shared.reap(process, on: MultiThreadedEventLoopGroup.singleton.next()).get()
    guard case .pipes(let reader, _) = stdio.link else { return "" }
    #expect(exit == .exited(0))
    return String(decoding: System.readAvailable(reader.number), as: UTF8.self)
  }

  @Test func aChildIsInsideWithNothingOfOurs() async throws {
    setenv("MITOGEN_TEST_OUTSIDE", "1", 1)
    let container = try await TemporaryContainer()
    defer { container.end() }
    let enter = LaunchPlan.Enter(pid: Int(container.leader))
    #expect(
      try await output(enter)
        == "inside|/|0|0|[]|True|False|0000000000000000|HOME=/root,USER=root,LOGNAME=root,SHELL=/bin/sh,PATH=\(Self.path)|[0, 1, 2]\n")
    #expect(container.processes == [container.leader])
  }

  @Test func accountAndEnvironmentAreThoseOfTheContainer() async throws {
    let container = try await TemporaryContainer()
    defer { container.end() }
    let enter = LaunchPlan.Enter(pid: Int(container.leader), user: "app")
    let changes: [String: String?] = ["HOME": "/srv", "ADDED": "a=b", "PATH": "/usr/bin", "USER": nil]
    #expect(
      try await output(enter, environment: changes, directory: "/srv")
        == "inside|/srv|7301|7302|[7310, 7312]|True|False|0000000000000000|HOME=/srv,LOGNAME=app,SHELL=/bin/sh,PATH=/usr/bin,ADDED=a=b|[0, 1, 2]\n"
    )
    let numbers = try await output(.init(pid: Int(container.leader), user: "4711:web"), ["id", "-u"])
    #expect(numbers == "4711\n")
    #expect(try await output(.init(pid: Int(container.leader), user: "4711:web"), ["id", "-G"]) == "7310\n")
  }

  @Test func onlyTheNamesakesAreEntered() async throws {
    let container = try await TemporaryContainer()
    defer { container.end() }
    let enter = LaunchPlan.Enter(pid: Int(container.leader), namespaces: [.mnt])
    var name = [CChar](repeating: 0, count: 256)
    gethostname(&name, name.count)
    let outside = String(decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    #expect(try await output(enter, ["uname", "-n"]) == outside + "\n")
  }

  @Test func aUserNamespaceIsEnteredLast() async throws {
    let container = try await TemporaryContainer("user")
    defer { container.end() }
    #expect(try await output(.init(pid: Int(container.leader)), ["id", "-u"]) == "0\n")
    await #expect(throws: SpawnRequest.Failure(step: "account", number: EINVAL)) {
      try await output(.init(pid: Int(container.leader), user: "app"))
    }
  }

  @Test func aNodeIsOpenedAndEndsWithItsContainer() async throws {
    let container = try await TemporaryContainer()
    let plan = LaunchPlan(
      argv: [.bootstrapWords], stdio: .socketpair, interpreter: .discover, description: "setns into docker container box",
      timeout: 60, enter: .init(pid: Int(container.leader), user: "app"))
    var node = try await Trial().launch(plan, python: nil, candidates: ["no-such-python", "python3"])
    #expect(await node.text(6) == "HELLO;")
    node.child.helloReceived()
    // It is our child by the number that we know, however deep it is.
    #expect(container.processes.contains(node.child.pid))
    container.end()
    #expect(try await node.child.exit.get() == .signalled(SIGKILL))
  }

  @Test func whatStandsInTheWayIsSaid() async throws {
    let container = try await TemporaryContainer()
    func failure(_ enter: LaunchPlan.Enter, python: [String]? = nil) async throws -> String {
      let plan = LaunchPlan(
        argv: [.bootstrapWords], stdio: .socketpair, interpreter: .discover, description: "box", timeout: 60, enter: enter)
      let error = try await Trial().failure(plan, python: python, candidates: ["no-such-python"])
      return "\(error.code): \(error.message)"
    }
    let leader = Int(container.leader)
    #expect(try await failure(.init(pid: leader)) == "no_python: box: no Python was found; looked for: no-such-python")
    #expect(
      try await failure(.init(pid: leader), python: ["/nowhere/python"])
        == "no_python: box: could not execute /nowhere/python: No such file or directory")
    #expect(try await failure(.init(pid: leader, user: "nobody")) == "unreachable: box: there is no user \"nobody\" in its /etc/passwd")
    #expect(
      try await failure(.init(pid: leader, user: "app:wheel")) == "unreachable: box: there is no group \"wheel\" in its /etc/group")
    #expect(
      try await failure(.init(pid: Int(getpid())))
        == "unreachable: box: process \(getpid()) is none of its: it is in our own namespaces")
    #expect(container.processes == [container.leader])
    container.end()
    #expect(try await failure(.init(pid: leader)) == "unreachable: box: its first process, \(leader), has ended")
  }
}

/// Probes: what a command prints comes back; one that does not end is ended.
struct ProbeTests {
  private func probe(_ argv: [String], within seconds: Double = 60, environment: [String: String?] = [:]) async throws -> ProbeResult {
    let trial = Trial()
    let launcher = trial.launcher
    let plan = LaunchPlan(argv: [], environment: environment, directory: "/usr", description: "box")
    let outcome = await Result {
      try await trial.eventLoop.flatSubmit { launcher.probe(argv, of: plan, within: seconds) }.get()
    }
    try await launcher.allEnded().get()
    return try outcome.get()
  }

  @Test func whatACommandPrintsComesBack() async throws {
    let result = try await probe(["sh", "-c", "cat; echo out $ADDED $(pwd); echo err >&2; exit 3"], environment: ["ADDED": "more"])
    #expect(result == ProbeResult(rc: 3, stdout: "out more /usr\n", stderr: "err\n"))
    #expect(try await probe(["sh", "-c", "kill -9 $$"]).rc == 137)
  }

  @Test func muchIsRead() async throws {
    let result = try await probe(["/usr/bin/python3", "-c", "print('x' * 500000)"])
    #expect(result.stdout.utf8.count == 500_001)
  }

  @Test func whatCannotBeStartedIsAnAnswer() async throws {
    #expect(
      try await probe(["no-such-tool"]) == ProbeResult(rc: 127, stdout: "", stderr: "no-such-tool: No such file or directory\n"))
    #expect(try await probe(["/etc/passwd"]).rc == 126)
  }

  @Test func oneThatHangsIsEnded() async throws {
    let error = try await #require(throws: LaunchError.self) {
      try await probe(["sh", "-c", "trap '' TERM; while :; do read x </dev/zero; done"], within: 0.2)
    }
    #expect(error.code == "timeout" && error.message.hasPrefix("box: sh -c") && error.message.hasSuffix("did not end in time"))
  }
}

/// A container of `Tests/Namespaces/container.sh`.
final class TemporaryContainer {
  let leader: pid_t
  private let folder: String
  private let stdio: ChildStdio
  private let ended: Task<Void, any Error>
  private var input: OwnedDescriptor?

  static func folder() throws -> String {
    var name = Array("/tmp/mitogen-namespaces-XXXXXX".utf8CString)
    guard mkdtemp(&name) != nil else { throw SystemError(call: "mkdtemp", number: errno) }
    return String(decoding: name.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
  }

  init(_ options: String...) async throws {
    folder = try Self.folder()
    stdio = try ChildStdio(.pipes)
    let script = Vectors.folder.deletingLastPathComponent().appending(path: "Namespaces/container.sh").path
    let process = try SpawnRequest(
      argv: [script, folder] + options, environment: SpawnRequest.environment(changes: [:])
    ).spawn(stdio: (stdio.child.input.number, stdio.child.output.number, 2), terminal: nil)
    stdio.closeChildEnds()
    let exit = ChildReaper.shared.reap(process, on: MultiThreadedEventLoopGroup.singleton.next())
    ended = Task { _ = try await exit.get() }
    guard case .pipes(let output, let input) = stdio.link else { fatalError("pipes are pipes") }
    self.input = input
    var line: [UInt8] = []
    var byte: UInt8 = 0
    while read(output.number, &byte, 1) == 1, byte != UInt8(ascii: "\n") { line.append(byte) }
    leader = try #require(pid_t(String(decoding: line, as: UTF8.self)), "the container did not start")
  }

  /// All in its PID namespace that live: its first process is no init, and takes note of no end.
  var processes: [pid_t] {
    func lives(_ pid: pid_t) -> Bool {
      guard let status = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8) else { return false }
      return status.split(separator: ")").last?.hasPrefix(" Z") == false
    }
    func namespace(_ pid: pid_t) -> ino_t? {
      var status = stat()
      return stat("/proc/\(pid)/ns/pid", &status) == 0 ? status.st_ino : nil
    }
    let own = namespace(leader)
    let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
    return names.compactMap { pid_t($0) }.filter { namespace($0) == own && own != nil && lives($0) }.sorted()
  }

  /// Waits until it is gone.
  func end() {
    guard let input else { return }
    input.close()
    self.input = nil
    var pidfd: Int32 = -1
    if mitogen_pidfd_open(leader, &pidfd) == 0 {
      var waiting = pollfd(fd: pidfd, events: Int16(POLLIN), revents: 0)
      poll(&waiting, 1, 10_000)
      close(pidfd)
    }
    rmdir(folder)
  }
}

extension Result where Failure == any Error {
  fileprivate init(_ body: () async throws -> Success) async {
    do { self = .success(try await body()) } catch { self = .failure(error) }
  }
}
