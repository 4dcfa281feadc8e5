import Agent
import Modules
import Wire

/// What is sent to targets: the core, compressed once, and the parts of the agent as blobs.
final class AgentStock {
  /// Source without comments and docstrings, deflated: what the first stage reads.
  private(set) lazy var core: [UInt8] = {
    ZlibBuffer.compress(PythonSource.assemble(AgentSources.coreFiles), level: 9)
  }()

  private var parts: [String: Blob] = [:]

  /// - Parameter name: one of `AgentSources`' parts; asking for another is a mistake in the router.
  func part(_ name: String) -> Blob {
    if let made = parts[name] { return made }
    guard let files = AgentSources.part(named: name) else { preconditionFailure("the agent has no part \(name)") }
    let blob = Blob(PythonSource.assemble(files))
    parts[name] = blob
    return blob
  }
}
