/// The Python half of every runner of modules that import module_utils.
public enum NewStyleHalf {
  /// One namespace in this order, as in `Core/Agent/python/assembly.list`.
  public static var source: [UInt8] {
    PackageResources.importer_py + [0x0a] + PackageResources.new_style_py
  }
}
