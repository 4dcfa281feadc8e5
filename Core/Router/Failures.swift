import Launch
import Modules
import Plans
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

  init(module error: any Error) {
    switch error {
    case let error as ModuleError: self.init(code: error.code, message: error.message, hint: error.hint)
    case let error as RegistryError: self.init(code: "plugin", message: error.message, hint: error.hint)
    default: self.init(code: "module", message: "\(error)")
    }
  }

  static func ofPlugin(_ error: any Error, hop: Hop) -> Failure {
    if let error = error as? RegistryError {
      return Failure(code: "plugin", message: "\(hop.name): \(error.message)", hint: error.hint)
    }
    if let refusal = error as? PluginRefusal {
      return Failure(code: refusal.code, message: refusal.message, hint: refusal.hint)
    }
    return Failure(code: "plugin", message: "\(hop.name): the plugin for \(hop.method) failed: \(error)")
  }
}
