/// The Python that the halves of all script runners begin with: see script.py.
public enum ScriptHalf {
  /// - Parameter part: the runner's own, behind it in the same namespace.
  public static func with(_ part: [UInt8]) -> [UInt8] {
    PackageResources.script_py + [0x0a] + part
  }
}
