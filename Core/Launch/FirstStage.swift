/// The command that a plan's bootstrap elements stand for: an interpreter, `-c`, and the first stage.
///
/// The stage is one line of Python (2.7 and 3.6 on) without single quote, `!`, backslash, `$`, backquote or newline,
/// so that no shell on the way changes it. It writes the marker, reads exactly `size` bytes from descriptor 0, inflates
/// (zlib) and executes them. In its source the marker stands in two pieces, so a terminal that echoes the command
/// line does not look like a Python that has started. The Python launcher has the same text; both are compared with
/// `Tests/Vectors/bootstrap`.
public struct FirstStage: Equatable, Sendable {
  /// 16 hex digits, new for each launch.
  public let nonce: String
  /// Bytes that the stage reads: the compressed core.
  public let size: Int
  /// The link is a terminal: the stage makes it raw before it writes the marker.
  public let isTerminal: Bool

  public init(nonce: String, size: Int, isTerminal: Bool) {
    self.nonce = nonce
    self.size = size
    self.isTerminal = isTerminal
  }

  /// What the stage or the discovery writes on descriptor 1; then `;` (Python runs) or `!` (there is none, and a shell
  /// waits for a line).
  public var marker: String { Self.markerPrefix + nonce }
  static let markerPrefix = "MITO:"

  /// The Python text. A Python that cannot run the core ends as a shell ends for a program that it cannot execute. The
  /// stage imports nothing from the working directory, which on the way to another account belongs to somebody else.
  /// `read` returns nothing at EOF, and then nobody is left to talk to.
  public var python: String {
    "import sys;v=sys.version_info;(2,7)<=v<(3,)or v>(3,6)or sys.exit(126);sys.path=[p for p in sys.path if p];" + (isTerminal ? "import tty;tty.setraw(0);" : "")
      + "import os,zlib;os.write(1,b\"MI\"b\"TO:\(nonce);\");b=bytearray();n=lambda:\(size)-len(b);"
      + "list(iter(lambda:b.extend(os.read(0,n())or os._exit(1))or n(),0));exec(zlib.decompress(bytes(b)))"
  }

  /// Runs the stage with a known interpreter (a command may have several words, such as `env X=1 python3`).
  public func command(interpreter: [String]) -> [String] {
    interpreter + ["-c", python]
  }

  /// Runs the stage with the first of the candidates that there is: no extra round trip. Where there is none, as `trial`.
  ///
  /// A version manager's shim (pyenv, asdf, mise) exists for versions that are not switched on, and then exits 127;
  /// so a shim is run once for nothing before it is trusted. `$0` is the stage, the arguments are the candidates.
  public func discovery(candidates: [String]) -> [String] {
    [
      "/bin/sh", "-c",
      "for _p do _c=$(command -v \"$_p\")||continue;case $_c in */shims/*)\"$_p\" -c \"\" 2>/dev/null </dev/null||continue;;esac;"
        + "exec \"$_p\" -c \"$0\";done;" + trials(Self.eachCandidate),
      python,
    ] + candidates
  }

  /// Runs the stage with an interpreter that has shown that it can run it: the configured one, or the first such of
  /// the candidates. Where there is none, the shell says so and stays: it evaluates one line, looks again, and so on,
  /// until its input ends. While a line has set `_m`, it does not look.
  public func trial(python configured: [String]?, candidates: [String]) -> [String] {
    ["/bin/sh", "-c", trials(configured == nil ? Self.eachCandidate : Self.configured), python] + (configured ?? candidates)
  }

  private static let eachCandidate = "for _p do \"$_p\" -c \"$_t\" </dev/null >/dev/null 2>&1&&exec \"$_p\" -c \"$0\";done"
  private static let configured = "\"$@\" -c \"$_t\" </dev/null >/dev/null 2>&1&&exec \"$@\" -c \"$0\""

  private func trials(_ attempts: String) -> String {
    "_m=;_t=\"import sys,zlib;v=sys.version_info[:2];sys.exit(v<(2,7)or(3,0)<=v<(3,6))\";while [ \"$_m\" ]||{ "
      + "\(attempts);printf \(Self.markerPrefix)%s! \(nonce);};read -r _s;do eval \"$_s\";done;exit 127"
  }
}
