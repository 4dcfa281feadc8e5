/// What one of a plan's probes printed.
public struct ProbeResult: Codable, Equatable, Sendable {
  /// Its exit status; 128 and more when a signal ended it, 126 and 127 when it could not be started, as shells have it.
  public var rc: Int
  public var stdout: String
  public var stderr: String

  public init(rc: Int, stdout: String, stderr: String) {
    self.rc = rc
    self.stdout = stdout
    self.stderr = stderr
  }
}
