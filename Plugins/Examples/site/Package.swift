// swift-tools-version: 6.2
import PackageDescription

// A package of one's own names mitogen's repository here: .package(url: "https://...", branch: "main").
let mitogen = Context.environment["MITOGEN_SOURCE"] ?? "../../.."

let package = Package(
  name: "site",
  products: [.library(name: "Site", type: .dynamic, targets: ["Site"])],
  dependencies: [.package(name: "mitogen", path: mitogen)],
  targets: [
    .target(
      name: "Site", dependencies: [.product(name: "PluginKit", package: "mitogen")],
      resources: [.embedInCode("half.py")],
      // One symbol is exported, so that two libraries with the same modules in them cannot see each other's.
      linkerSettings: [.unsafeFlags(["-use-ld=lld", "-Xlinker", "-zdefs", "-Xlinker", "--version-script=exports.map"])]),
    .testTarget(
      name: "SiteTests", dependencies: ["Site", .product(name: "PluginTestKit", package: "mitogen")]),
  ]
)
