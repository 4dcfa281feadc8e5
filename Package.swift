// swift-tools-version: 6.2
// Products and targets stand in the order of the data flow: from the C floor and the plugin boundary,
// over the wire, to the router, the library and the command. Core/README.md is the map.
import PackageDescription

let strict: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .treatAllWarnings(as: .error),
]

/// What has tests that look inside: so that they run against the release build that ships, and nothing is built twice.
let testable: [SwiftSetting] = strict + [.unsafeFlags(["-enable-testing"], .when(configuration: .release))]

/// A plugin library exports its one entry and hides all else, so that two libraries that carry the same
/// statically linked module cannot see each other's symbols. The toolchain's lld, since gold leaves hidden names
/// in the dynamic symbol table. A symbol that is nowhere defined is an error of the link, not of the user's run.
let onlyTheEntry: [LinkerSetting] = [
  .unsafeFlags(
    ["-use-ld=lld", "-Xlinker", "-zdefs", "-Xlinker", "--version-script=Core/PluginABI/exports.map"],
    .when(platforms: [.linux]))
]

let package = Package(
  name: "mitogen",
  products: [
    .executable(name: "mitogen", targets: ["Command"]),
    .library(name: "Mitogen", targets: ["Mitogen"]),
    .library(name: "PluginKit", targets: ["PluginKit"]),
    .library(name: "PluginTestKit", targets: ["PluginTestKit"]),
    .library(name: "MitogenBuildah", type: .dynamic, targets: ["MitogenBuildah"]),
    .library(name: "MitogenDocker", type: .dynamic, targets: ["MitogenDocker"]),
    .library(name: "MitogenIncus", type: .dynamic, targets: ["MitogenIncus"]),
    .library(name: "MitogenJail", type: .dynamic, targets: ["MitogenJail"]),
    .library(name: "MitogenKubectl", type: .dynamic, targets: ["MitogenKubectl"]),
    .library(name: "MitogenLXC", type: .dynamic, targets: ["MitogenLXC"]),
    .library(name: "MitogenLXD", type: .dynamic, targets: ["MitogenLXD"]),
    .library(name: "MitogenPodman", type: .dynamic, targets: ["MitogenPodman"]),
    .library(name: "MitogenLocal", type: .dynamic, targets: ["MitogenLocal"]),
    .library(name: "MitogenSetNS", type: .dynamic, targets: ["MitogenSetNS"]),
    .library(name: "MitogenSSH", type: .dynamic, targets: ["MitogenSSH"]),
    .library(name: "MitogenSudo", type: .dynamic, targets: ["MitogenSudo"]),
    .library(name: "MitogenSu", type: .dynamic, targets: ["MitogenSu"]),
    .library(name: "MitogenDoas", type: .dynamic, targets: ["MitogenDoas"]),
    .library(name: "MitogenBecome", type: .dynamic, targets: ["MitogenBecome"]),
    .library(name: "MitogenBinary", type: .dynamic, targets: ["MitogenBinary"]),
    .library(name: "MitogenJSONArgs", type: .dynamic, targets: ["MitogenJSONArgs"]),
    .library(name: "MitogenModuleReplacer", type: .dynamic, targets: ["MitogenModuleReplacer"]),
    .library(name: "MitogenNewStyle", type: .dynamic, targets: ["MitogenNewStyle"]),
    .library(name: "MitogenOldStyle", type: .dynamic, targets: ["MitogenOldStyle"]),
    .library(name: "MitogenWantJSON", type: .dynamic, targets: ["MitogenWantJSON"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
    .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
  ],
  targets: [
    // MARK: CMitogenSystem: what only C can do between fork and exec, and the calls that Swift cannot make
    // (swift-system, which swift-nio brings, has a target CSystem)
    .target(name: "CMitogenSystem", path: "Core/CSystem"),

    // MARK: CFFI: the system's libffi
    .systemLibrary(name: "CFFI", path: "Core/CFFI", pkgConfig: "libffi", providers: [.apt(["libffi-dev"])]),

    // MARK: CZlib: the system's zlib
    .systemLibrary(name: "CZlib", path: "Core/CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),

    // MARK: CLzma: the system's liblzma
    .systemLibrary(name: "CLzma", path: "Core/CLzma", pkgConfig: "liblzma", providers: [.apt(["liblzma-dev"])]),

    // MARK: PluginABI: the C header that a plugin library and the router share
    .target(name: "PluginABI", path: "Core/PluginABI", exclude: ["ABI.md", "exports.map"]),

    // MARK: Plans: what plugins return and declare, as plain values
    .target(name: "Plans", path: "Core/Plans", swiftSettings: strict),

    // MARK: PluginKit: the Swift SDK over the header
    .target(name: "PluginKit", dependencies: ["Plans", "PluginABI"], path: "Core/PluginKit", swiftSettings: strict),

    // MARK: Dialogue: what a child says on its way to Python, to what is done about it (pure). Without unsafe flags, as is
    // PluginTestKit: packages of others depend on it
    .target(name: "Dialogue", dependencies: ["Plans"], path: "Core/Dialogue", swiftSettings: strict),

    // MARK: PluginTestKit: what authors test their plugins with
    .target(
      name: "PluginTestKit", dependencies: ["Dialogue", "Plans", "PluginKit"], path: "Core/PluginTestKit",
      swiftSettings: strict),

    // MARK: Registry: finds, checks, opens and calls plugin libraries
    .target(
      name: "Registry", dependencies: ["CFFI", "CMitogenSystem", "Plans", "PluginABI"], path: "Core/Registry",
      swiftSettings: testable),

    // MARK: Wire: bytes to frames and back (pure)
    .target(
      name: "Wire",
      dependencies: ["CLzma", "CZlib", .product(name: "NIOCore", package: "swift-nio")],
      path: "Core/Wire", swiftSettings: testable),

    // MARK: Routing: tree, streams, credit, deadlines (pure)
    .target(
      name: "Routing",
      dependencies: [
        "Wire",
        .product(name: "DequeModule", package: "swift-collections"),
        .product(name: "NIOCore", package: "swift-nio"),
      ],
      path: "Core/Routing", swiftSettings: testable),

    // MARK: Launch: plan to process to prompts to HELLO
    .target(
      name: "Launch",
      dependencies: [
        "CMitogenSystem", "Dialogue", "Plans",
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
      ],
      path: "Core/Launch", swiftSettings: testable),

    // MARK: Modules: source to runner and blobs
    .target(
      name: "Modules",
      dependencies: ["CZlib", "Plans", .product(name: "Crypto", package: "swift-crypto")],
      path: "Core/Modules", swiftSettings: testable),

    // MARK: Files: the controller's files: in the making, and read while nobody writes them
    .target(
      name: "Files",
      dependencies: [
        "Wire", .product(name: "Crypto", package: "swift-crypto"), .product(name: "NIOCore", package: "swift-nio"),
      ],
      path: "Core/Files", swiftSettings: testable),

    // MARK: Agent: what is sent to targets (Python)
    .target(
      name: "Agent", path: "Core/Agent", exclude: ["python/README.md", "python/assembly.list"],
      sources: ["AgentSources.swift"],
      resources: [
        .embedInCode("python/agent.py"), .embedInCode("python/batch.py"), .embedInCode("python/bootstrap.py"), .embedInCode("python/child.py"),
        .embedInCode("python/compat.py"), .embedInCode("python/enter.py"), .embedInCode("python/entering.py"), .embedInCode("python/environment.py"),
        .embedInCode("python/exec.py"), .embedInCode("python/executor.py"),
        .embedInCode("python/files.py"), .embedInCode("python/forkserver.py"), .embedInCode("python/gathering.py"), .embedInCode("python/interpreter_state.py"),
        .embedInCode("python/job.py"), .embedInCode("python/kept.py"), .embedInCode("python/launch.py"),
        .embedInCode("python/launching.py"), .embedInCode("python/link.py"), .embedInCode("python/loop.py"),
        .embedInCode("python/main.py"), .embedInCode("python/module_state.py"), .embedInCode("python/pool.py"),
        .embedInCode("python/process.py"), .embedInCode("python/process_state.py"),
        .embedInCode("python/prompts.py"), .embedInCode("python/put.py"), .embedInCode("python/secret_file.py"), .embedInCode("python/shell.py"), .embedInCode("python/spawn.py"),
        .embedInCode("python/store.py"), .embedInCode("python/stream.py"), .embedInCode("python/surroundings.py"),
        .embedInCode("python/tidy.py"), .embedInCode("python/trace.py"), .embedInCode("python/trees.py"),
        .embedInCode("python/vacate.py"), .embedInCode("python/whole_file.py"), .embedInCode("python/wire.py"),
      ],
      swiftSettings: strict),

    // MARK: Router: the NIO shell: listener, links, opener, courier
    .target(
      name: "Router",
      dependencies: [
        "Agent", "CMitogenSystem", "Files", "Launch", "Modules", "Plans", "Registry", "Routing", "Wire",
        .product(name: "Logging", package: "swift-log"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
      ],
      path: "Core/Router", swiftSettings: strict),

    // MARK: Mitogen: the library for Swift programs
    .target(
      name: "Mitogen",
      dependencies: [
        "Files", "Plans", "Registry", "Router", "Routing", "Wire",
        .product(name: "Logging", package: "swift-log"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
      ],
      path: "Core/Mitogen", swiftSettings: testable),

    // MARK: Authoring: what makes and checks the libraries of others
    .target(
      name: "Authoring", dependencies: ["Dialogue", "Plans", "PluginABI", "Registry"], path: "Core/Authoring",
      resources: [
        .embedInCode("Live/play.yml"),
        .embedInCode("Live/say.sh"),
        .embedInCode("Live/tasks.yml"),
        .embedInCode("Live/verdicts.py"),
        .embedInCode("Templates/Makefile.template"),
        .embedInCode("Templates/Makefile_swift.template"),
        .embedInCode("Templates/Package_swift.template"),
        .embedInCode("Templates/README_c.md.template"),
        .embedInCode("Templates/README_swift.md.template"),
        .embedInCode("Templates/become.c.template"),
        .embedInCode("Templates/become.swift.template"),
        .embedInCode("Templates/become_tests.swift.template"),
        .embedInCode("Templates/bundle.c.template"),
        .embedInCode("Templates/case_become_denied.json.template"),
        .embedInCode("Templates/case_become_password.json.template"),
        .embedInCode("Templates/case_become_refused.json.template"),
        .embedInCode("Templates/case_connection_denied.json.template"),
        .embedInCode("Templates/case_connection_password.json.template"),
        .embedInCode("Templates/case_connection_refused.json.template"),
        .embedInCode("Templates/case_runner_other.json.template"),
        .embedInCode("Templates/case_runner_own.json.template"),
        .embedInCode("Templates/ci.yml.template"),
        .embedInCode("Templates/connection.c.template"),
        .embedInCode("Templates/connection.swift.template"),
        .embedInCode("Templates/connection_tests.swift.template"),
        .embedInCode("Templates/exports.map.template"),
        .embedInCode("Templates/gitignore.template"),
        .embedInCode("Templates/half.py.template"),
        .embedInCode("Templates/json.h.template"),
        .embedInCode("Templates/library.c.template"),
        .embedInCode("Templates/library.swift.template"),
        .embedInCode("Templates/mitogen_plugin.h"),
        .embedInCode("Templates/runner.c.template"),
        .embedInCode("Templates/runner.swift.template"),
        .embedInCode("Templates/runner_tests.swift.template"),
        .embedInCode("Templates/use_become.md.template"),
        .embedInCode("Templates/use_connection.md.template"),
        .embedInCode("Templates/use_runner.md.template"),
      ],
      swiftSettings: strict),

    // MARK: Command: the `mitogen` executable
    .executableTarget(
      name: "Command",
      dependencies: ["Authoring", "Mitogen", "Plans", "Registry", "Router", "Routing", .product(name: "ArgumentParser", package: "swift-argument-parser")],
      path: "Core/Command", swiftSettings: strict),

    // MARK: Plugins: one folder each; ContainerKit is what those of containers share, linked into each
    .target(
      name: "ContainerKit", dependencies: ["PluginKit"], path: "Plugins/Connection/ContainerKit", swiftSettings: strict),
    .target(
      name: "MitogenBuildah", dependencies: ["ContainerKit", "PluginKit"], path: "Plugins/Connection/Buildah",
      swiftSettings: strict, linkerSettings: onlyTheEntry),
    .target(
      name: "MitogenDocker", dependencies: ["ContainerKit", "PluginKit"], path: "Plugins/Connection/Docker",
      swiftSettings: strict, linkerSettings: onlyTheEntry),
    .target(
      name: "MitogenIncus", dependencies: ["ContainerKit", "PluginKit"], path: "Plugins/Connection/Incus",
      swiftSettings: strict, linkerSettings: onlyTheEntry),
    .target(
      name: "MitogenJail", dependencies: ["ContainerKit", "PluginKit"], path: "Plugins/Connection/Jail",
      swiftSettings: strict, linkerSettings: onlyTheEntry),
    .target(
      name: "MitogenKubectl", dependencies: ["ContainerKit", "PluginKit"], path: "Plugins/Connection/Kubectl",
      swiftSettings: strict, linkerSettings: onlyTheEntry),
    .target(
      name: "MitogenLXC", dependencies: ["ContainerKit", "PluginKit"], path: "Plugins/Connection/LXC",
      swiftSettings: strict, linkerSettings: onlyTheEntry),
    .target(
      name: "MitogenLXD", dependencies: ["ContainerKit", "PluginKit"], path: "Plugins/Connection/LXD",
      swiftSettings: strict, linkerSettings: onlyTheEntry),
    .target(
      name: "MitogenPodman", dependencies: ["ContainerKit", "PluginKit"], path: "Plugins/Connection/Podman",
      swiftSettings: strict, linkerSettings: onlyTheEntry),
    .target(
      name: "MitogenLocal", dependencies: ["PluginKit"], path: "Plugins/Connection/Local",
      swiftSettings: strict, linkerSettings: onlyTheEntry),
    .target(
      name: "MitogenSetNS", dependencies: ["PluginKit"], path: "Plugins/Connection/SetNS", exclude: ["README.md"],
      swiftSettings: strict, linkerSettings: onlyTheEntry),
    .target(
      name: "MitogenSSH", dependencies: ["PluginKit"], path: "Plugins/Connection/SSH", exclude: ["README.md"],
      swiftSettings: strict, linkerSettings: onlyTheEntry),
    .target(
      name: "MitogenSudo", dependencies: ["PluginKit"], path: "Plugins/Connection/Sudo",
      swiftSettings: strict, linkerSettings: onlyTheEntry),
    .target(
      name: "MitogenSu", dependencies: ["PluginKit"], path: "Plugins/Connection/Su",
      swiftSettings: strict, linkerSettings: onlyTheEntry),
    .target(
      name: "MitogenDoas", dependencies: ["PluginKit"], path: "Plugins/Connection/Doas",
      swiftSettings: strict, linkerSettings: onlyTheEntry),
    .target(
      name: "MitogenBecome", dependencies: ["PluginKit"], path: "Plugins/Connection/Become", exclude: ["README.md"],
      swiftSettings: strict, linkerSettings: onlyTheEntry),
    // The kinds of modules. RunnerKit is what runners share, NewStyleHalf what those of Python modules do.
    .target(
      name: "RunnerKit", path: "Plugins/Runner/RunnerKit",
      resources: [.embedInCode("script.py")], swiftSettings: strict),
    .target(
      name: "NewStyleHalf", path: "Plugins/Runner/NewStyle",
      exclude: ["ImportRule.swift", "NewStyleRunner.swift"], sources: ["NewStyleHalf.swift"],
      resources: [.embedInCode("importer.py"), .embedInCode("new_style.py")],
      swiftSettings: strict),
    .target(
      name: "MitogenBinary", dependencies: ["PluginKit", "RunnerKit"], path: "Plugins/Runner/Binary",
      resources: [.embedInCode("binary.py")], swiftSettings: strict, linkerSettings: onlyTheEntry),
    .target(
      name: "MitogenJSONArgs", dependencies: ["PluginKit", "RunnerKit"], path: "Plugins/Runner/JSONArgs",
      resources: [.embedInCode("json_args.py")], swiftSettings: strict, linkerSettings: onlyTheEntry),
    .target(
      name: "MitogenModuleReplacer", dependencies: ["NewStyleHalf", "PluginKit", "RunnerKit"], path: "Plugins/Runner/ModuleReplacer",
      swiftSettings: strict, linkerSettings: onlyTheEntry),
    .target(
      name: "MitogenNewStyle", dependencies: ["NewStyleHalf", "PluginKit"], path: "Plugins/Runner/NewStyle",
      exclude: ["NewStyleHalf.swift", "importer.py", "new_style.py"],
      sources: ["ImportRule.swift", "NewStyleRunner.swift"],
      swiftSettings: strict, linkerSettings: onlyTheEntry),
    .target(
      name: "MitogenOldStyle", dependencies: ["PluginKit", "RunnerKit"], path: "Plugins/Runner/OldStyle",
      resources: [.embedInCode("old_style.py")], swiftSettings: strict, linkerSettings: onlyTheEntry),
    .target(
      name: "MitogenWantJSON", dependencies: ["PluginKit", "RunnerKit"], path: "Plugins/Runner/WantJSON",
      resources: [.embedInCode("want_json.py")], swiftSettings: strict, linkerSettings: onlyTheEntry),

    // MARK: Tests
    .executableTarget(
      name: "ClosureProbe", 
      dependencies: ["Agent", "Modules", "Plans", "Routing", "Wire", .product(name: "NIOCore", package: "swift-nio")],
      path: "Tests/ClosureProbe", swiftSettings: strict),
    .testTarget(name: "WireTests", dependencies: ["Wire"], path: "Tests/WireTests", swiftSettings: strict),
    .testTarget(name: "RoutingTests", dependencies: ["Routing"], path: "Tests/RoutingTests", swiftSettings: strict),
    .testTarget(
      name: "RegistryTests",
      dependencies: [
        "Plans", "PluginHostForTests", "PluginKit", "Registry",
        // Loaded as libraries, so only built, never linked: each defines the same entry.
      ],
      path: "Tests/RegistryTests", swiftSettings: strict),
    // The helper process of the registry's tests; in the product the command is its own helper.
    .executableTarget(
      name: "PluginHostForTests", dependencies: ["Registry"], path: "Tests/PluginHost", swiftSettings: strict),
    .testTarget(
      name: "FilesTests", dependencies: ["Files", .product(name: "NIOCore", package: "swift-nio")],
      path: "Tests/FilesTests", swiftSettings: strict),
    .testTarget(
      name: "AuthoringTests", dependencies: ["PluginTestKit"], path: "Tests/AuthoringTests", swiftSettings: strict),
    .testTarget(name: "LaunchTests", dependencies: ["Launch"], path: "Tests/LaunchTests", swiftSettings: strict),
    .testTarget(
      name: "ModulesTests", dependencies: ["Modules", "Plans"], path: "Tests/ModulesTests", swiftSettings: strict),
    .testTarget(
      name: "MitogenTests",
      dependencies: [
        "Mitogen", "Plans", "Wire", .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
      ],
      path: "Tests/MitogenTests", swiftSettings: strict),
    .executableTarget(
      name: "WireFuzz", dependencies: ["Wire", .product(name: "NIOCore", package: "swift-nio")], path: "Tests/Fuzz/Wire",
      swiftSettings: strict),
    .executableTarget(
      name: "PluginFuzz", dependencies: ["PluginTestKit", "Registry"], path: "Tests/Fuzz/Plugins", swiftSettings: strict),
    .testTarget(name: "RouterTests", dependencies: ["Router"], path: "Tests/RouterTests", swiftSettings: strict),
  ]
)

// Only the boundary to plugins and its tests: what `tools/test --sanitize` builds another time.
if Context.environment["MITOGEN_PACKAGE"] == "boundary" {
  func withNeeds(of names: Set<String>) -> Set<String> {
    var all = names
    for target in package.targets where names.contains(target.name) {
      for case .byNameItem(let name, _) in target.dependencies { all.insert(name) }
    }
    return all == names ? all : withNeeds(of: all)
  }
  let kept = withNeeds(of: ["AuthoringTests", "RegistryTests"])
  package.targets.removeAll { !kept.contains($0.name) }
  package.products = []
}
