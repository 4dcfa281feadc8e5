/// The numbers of the protocol. `Core/PROTOCOL.md` gives each its reason.
public enum WireLimits {
  /// Bytes of a frame's header.
  public static let headerSize = 16
  /// Bytes of payload in one frame, deflated or not: a file of 124 KiB and its request fit in one.
  public static let maximumPayload = 131_072
  /// Bytes of a joined REQUEST or REPLY.
  public static let maximumMessage = 67_108_864
  /// Bytes of a bundle of blobs when inflated.
  public static let maximumBundle = 16_777_216
  /// Bytes of credit with which each direction of a stream starts.
  public static let initialCredit = 262_144
  /// Bytes that may be sent on a link before the peer's HELLO.
  public static let beforeHello = 1_048_576
  /// A file up to this many bytes goes inside the call.
  public static let inlineFile = 126_976
  /// Payloads that are deflated. Below, the flush costs more than it saves; above, bytes that do not compress
  /// could outgrow a frame.
  public static let deflated = 64...122_880
  /// Bytes of a message in each of its frames when it needs several: small enough for others to come between.
  public static let fragment = 65_536
  /// Bytes that PING may carry.
  public static let maximumPing = 64
  /// The protocol's version, `mitogen` in HELLO.
  public static let version = 1
}
