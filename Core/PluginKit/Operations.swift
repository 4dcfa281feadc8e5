internal import PluginABI

#if canImport(Glibc)
  import Glibc
#endif

private typealias Pointer = UnsafeRawPointer?
private typealias One = @convention(c) (Pointer) -> Int32
private typealias Two = @convention(c) (Pointer, Pointer) -> Int32
private typealias Three = @convention(c) (Pointer, Pointer, Pointer) -> Int32
private typealias Four = @convention(c) (Pointer, Pointer, Pointer, Pointer) -> Int32

private let ok = Int32(MITOGEN_OK)
/// An instance that was never opened, or an argument that is needed and NULL: the host breaks its own header.
private let misused = Int32(MITOGEN_MISSING)

/// The operation table of one plugin; never freed.
func operations(of plugin: any Plugin) -> UnsafePointer<mitogen_operation> {
  var table = [
    mitogen_operation(MITOGEN_OPEN, "i(host,plugin,new_instance)", unsafeBitCast(open, to: mitogen_function.self)),
    mitogen_operation(MITOGEN_DESCRIBE, "i(instance,reply)", unsafeBitCast(describe, to: mitogen_function.self)),
    mitogen_operation(MITOGEN_CLOSE, "i(instance)", unsafeBitCast(close, to: mitogen_function.self)),
  ]
  if plugin is any ModuleRunner {
    table += [
      mitogen_operation(
        MITOGEN_RUNNER_RECOGNISE, "i(instance,source,path,reply)", unsafeBitCast(recognise, to: mitogen_function.self)),
      mitogen_operation(
        MITOGEN_RUNNER_PLAN, "i(instance,source,path,reply)", unsafeBitCast(planRun, to: mitogen_function.self)),
      mitogen_operation(MITOGEN_RUNNER_HALF, "i(instance,reply)", unsafeBitCast(half, to: mitogen_function.self)),
    ]
  } else {
    table.append(
      mitogen_operation(
        MITOGEN_CONNECTION_PLAN, "i(instance,options,probes?,reply)", unsafeBitCast(plan, to: mitogen_function.self)))
  }
  table.append(mitogen_operation(id: 0, reserved: 0, signature: nil, function: nil))
  let copy = UnsafeMutablePointer<mitogen_operation>.allocate(capacity: table.count)
  copy.initialize(from: table, count: table.count)
  return UnsafePointer(copy)
}

extension mitogen_operation {
  fileprivate init(_ id: Int, _ signature: StaticString, _ function: mitogen_function?) {
    self.init(
      id: UInt32(id), reserved: 0,
      signature: UnsafeRawPointer(signature.utf8Start).assumingMemoryBound(to: CChar.self), function: function)
  }
}

// MARK: Every plugin

private let open: Three = { host, entry, place in
  guard let host, let entry, let place, let plugin = PluginLibrary.plugin(at: entry) else { return misused }
  guard let instance = Instance(plugin: plugin, host: host.assumingMemoryBound(to: mitogen_host.self)) else {
    return misused
  }
  UnsafeMutableRawPointer(mutating: place).storeBytes(
    of: Unmanaged.passRetained(instance).toOpaque(), as: UnsafeMutableRawPointer.self)
  return ok
}

private let close: One = { instance in
  guard let instance else { return misused }
  Unmanaged<Instance>.fromOpaque(instance).release()
  return ok
}

private let describe: Two = { instance, reply in
  guard let instance = Instance.at(instance) else { return misused }
  return instance.answer(reply) {
    let type = Swift.type(of: instance.plugin)
    return try JSON.encode(
      PluginDeclaration(
        description: type.summary, options: type.options, aliases: type.aliases,
        precedence: (type as? any ModuleRunner.Type)?.precedence))
  }
}

// MARK: Connection methods

private let plan: Four = { instance, options, probes, reply in
  guard let instance = Instance.at(instance), let method = instance.plugin as? any ConnectionPlugin,
    let options = Borrowed(options)
  else { return misused }
  return instance.answer(reply) {
    return try JSON.encode(
      method.plan(
        Options(of: Swift.type(of: method), options.bytes),
        probes: Borrowed(probes).map { try JSON.decode([ProbeResult].self, $0.bytes) }))
  }
}

// MARK: Module runners

private let recognise: Four = { instance, source, path, reply in
  guard let instance = Instance.at(instance), let runner = instance.plugin as? any ModuleRunner,
    let source = Borrowed(source), let path = Borrowed(path)
  else { return misused }
  return instance.answer(reply) {
    Array((try runner.recognises(source.bytes, path: path.text) ? "true" : "false").utf8)
  }
}

private let planRun: Four = { instance, source, path, reply in
  guard let instance = Instance.at(instance), let runner = instance.plugin as? any ModuleRunner,
    let source = Borrowed(source), let path = Borrowed(path)
  else { return misused }
  return instance.answer(reply) {
    try JSON.encode(runner.plan(source.bytes, path: path.text))
  }
}

private let half: Two = { instance, reply in
  guard let instance = Instance.at(instance), let runner = instance.plugin as? any ModuleRunner else { return misused }
  return instance.answer(reply) { type(of: runner).half }
}
