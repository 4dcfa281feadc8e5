public enum AgentSources {
  public static var core: [UInt8] { PackageResources.core_py }
}
