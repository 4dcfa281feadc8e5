import Plans
import Wire

extension Route.Hop {
  /// What the route says, by the names of its method's options: `host`, `port` and `user` are each the name or an
  /// alias of one, or what the variable `ansible_host`, `ansible_port` or `ansible_user` sets.
  ///
  /// - Parameter given: others by their names or aliases; what the route says goes before.
  /// - Throws: `Failure` where the method has no such option, or none for a part of the route.
  package func options(declared: [OptionDeclaration], given: [String: String] = [:]) throws(Failure) -> [String: String] {
    var options: [String: String] = [:]
    for (name, value) in given.sorted(by: { $0.key < $1.key }) {
      guard let option = declared.first(where: { $0.name == name || $0.aliases.contains(name) }) else {
        throw Failure(
          code: "plugin", message: "\(method) has no option \(name)", hint: "its options are listed by: mitogen plugins show \(method)")
      }
      options[option.name] = value
    }
    for (part, value) in [("host", host), ("port", port.map(String.init)), ("user", user)] {
      guard let value else { continue }
      let named = declared.first { $0.name == part || $0.aliases.contains(part) }
      guard let option = named ?? declared.first(where: { $0.vars.contains("ansible_\(part)") }) else {
        throw Failure(
          code: "plugin", message: "the route gives \(method) a \(part), \(value), for which it has no option",
          hint: "leave it out; the options are listed by: mitogen plugins show \(method)")
      }
      options[option.name] = value
    }
    return options
  }
}
