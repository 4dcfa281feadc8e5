// swift-tools-version: 6.2
import PackageDescription

// A package of one's own names mitogen's repository here: .package(url: "https://...", branch: "main").
let mitogen = Context.environment["MITOGEN_SOURCE"] ?? "../../.."

let package = Package(
  name: "console",
  products: [.library(name: "Console", type: .dynamic, targets: ["Console"])],
  dependencies: [.package(name: "mitogen", path: mitogen)],
  targets: [
    .target(
      name: "Console", dependencies: [.product(name: "PluginKit", package: "mitogen")],
      // One symbol is exported, so that two libraries with the same modules in them cannot see each other's.
      linkerSettings: [.unsafeFlags(["-use-ld=lld", "-Xlinker", "-zdefs", "-Xlinker", "--version-script=exports.map"])]),
    .testTarget(
      name: "ConsoleTests", dependencies: ["Console", .product(name: "PluginTestKit", package: "mitogen")]),
  ]
)
