import Launch
import Registry
import Wire

extension Failure {
  init(_ error: LaunchError) { self.init(code: error.code, message: error.message, hint: error.hint) }

  init(launch error: any Error, hop: Hop) {
    if let error = error as? LaunchError {
      self.init(error)
    } else {
      self.init(code: "unreachable", message: "\(hop.name): \(hop.method) could not be started: \(error)")
    }
  }

  static func ofPlugin(_ error: any Error, hop: Hop) -> Failure {
    if let error = error as? RegistryError {
      return Failure(code: "plugin", message: "\(hop.name): \(error.description)", hint: error.remedy)
    }
    return Failure(code: "plugin", message: "\(hop.name): the plugin for \(hop.method) failed: \(error)")
  }
}
