// swift-tools-version: 6.2
import PackageDescription

// A package of one's own names mitogen's repository here: .package(url: "https://...", branch: "main").
let mitogen = Context.environment["MITOGEN_SOURCE"] ?? "../../.."

let package = Package(
  name: "lua",
  products: [.library(name: "Lua", type: .dynamic, targets: ["Lua"])],
  dependencies: [.package(name: "mitogen", path: mitogen)],
  targets: [
    .target(
      name: "Lua", dependencies: [.product(name: "PluginKit", package: "mitogen")],
      resources: [.embedInCode("half.py"), .embedInCode("prelude.lua")],
      // One symbol is exported, so that two libraries with the same modules in them cannot see each other's.
      linkerSettings: [.unsafeFlags(["-use-ld=lld", "-Xlinker", "-zdefs", "-Xlinker", "--version-script=exports.map"])]),
    .testTarget(
      name: "LuaTests", dependencies: ["Lua", .product(name: "PluginTestKit", package: "mitogen")]),
  ]
)
