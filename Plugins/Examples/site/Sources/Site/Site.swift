import PluginKit

private let library = PluginLibrary(version: "1.0", SiteConnection(), SiteAccount(), SiteScript())

@c @implementation public func mitogen_library_v1() -> UnsafePointer<mitogen_library>? { library.table }
