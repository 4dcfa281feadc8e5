/// Who is to be reached, for messages: "web1 (deploy@10.0.0.7, port 2222)".
struct SSHTarget: CustomStringConvertible {
  var inventoryName: String
  var host: String
  var port: Int?
  var user: String?

  var description: String {
    let account = (user.map { "\($0)@" } ?? "") + host
    let details = [account == inventoryName ? nil : account, port.map { "port \($0)" }].compactMap { $0 }
    return details.isEmpty ? inventoryName : "\(inventoryName) (\(details.joined(separator: ", ")))"
  }
}
