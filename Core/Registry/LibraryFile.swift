import PluginABI

#if canImport(Glibc)
  import Glibc
#endif

/// An opened library file. All that is asked of it is asked of this descriptor, and so is dlopen: what was checked
/// is what is loaded, whatever happens to the name meanwhile.
struct LibraryFile {
  let path: String
  let descriptor: Int32
  let elf: ElfFile

  /// Checks owner, permissions and the ELF file.
  init(path: String) throws(RegistryError) {
    self.path = path
    do {
      descriptor = try FileSystem.open(path)
    } catch {
      throw RegistryError(
        file: path, item: "library", expected: "a file that can be read", found: "\(error)",
        remedy: "restore the library, or remove its manifest")
    }
    do throws(RegistryError) {
      var status = stat()
      guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
        throw RegistryError(
          file: path, item: "library", expected: "a regular file", found: "something else",
          remedy: "restore the library, or remove its manifest")
      }
      try Trust.check(path, status, what: "library")
      elf = try Self.read(path, descriptor)
      try Self.check(path, elf, against: try Self.host.get())
    } catch {
      close(descriptor)
      throw error
    }
  }

  /// This process's own executable: a plugin that shares its Swift runtime has to be of the same build.
  private static let host: Result<ElfFile, RegistryError> = Result { () throws(RegistryError) in
    let path = "/proc/self/exe"
    do {
      let descriptor = try FileSystem.open(path)
      defer { close(descriptor) }
      return try read(path, descriptor, symbols: false)
    } catch let error as RegistryError {
      throw error
    } catch {
      throw RegistryError(
        file: path, item: "executable", expected: "a file that can be read", found: "\(error)", remedy: "mount /proc")
    }
  }

  private static func read(_ path: String, _ descriptor: Int32, symbols: Bool = true) throws(RegistryError)
    -> ElfFile
  {
    do {
      return try ElfFile(symbols: symbols) { try FileSystem.read(descriptor, at: $0, limit: $1) }
    } catch {
      let found =
        switch error {
        case ElfFile.Malformed.notELF: "another kind of file"
        case ElfFile.Malformed.foreign(let what), ElfFile.Malformed.broken(let what): what
        default: "\(error)"
        }
      throw RegistryError(
        file: path, item: "ELF file", expected: "a 64-bit shared object", found: found, remedy: "build it again")
    }
  }

  static func check(_ path: String, _ elf: ElfFile, against host: ElfFile) throws(RegistryError) {
    guard elf.machine == host.machine else {
      throw RegistryError(
        file: path, item: "machine", expected: "ELF machine \(host.machine)", found: "\(elf.machine)",
        remedy: "build it for this machine")
    }
    guard elf.isSharedObject else {
      throw RegistryError(
        file: path, item: "ELF file", expected: "a shared object", found: "another kind of ELF file",
        remedy: "link it with -shared")
    }
    guard elf.exported.contains(MITOGEN_ENTRY) else {
      throw RegistryError(
        file: path, item: "exported symbols", expected: MITOGEN_ENTRY,
        found: elf.exported.isEmpty ? "none" : elf.exported.sorted().prefix(5).joined(separator: ", "),
        remedy: "define the entry as mitogen_plugin.h has it, and export it")
    }
    let runtime = "libswiftCore.so"
    guard elf.needed.contains(runtime) else { return }
    let remedy = "link it with -static-stdlib, or build it with the toolchain that mitogen was built with"
    guard host.needed.contains(runtime) else {
      throw RegistryError(
        file: path, item: "Swift runtime", expected: "linked statically, since mitogen's own is", found: runtime,
        remedy: remedy)
    }
    guard elf.toolchain == host.toolchain else {
      throw RegistryError(
        file: path, item: "Swift toolchain", expected: host.toolchain ?? "unknown", found: elf.toolchain ?? "unknown",
        remedy: remedy)
    }
  }

  /// Loads it and asks for its table. Runs the library's constructors, so it may take any time or end the process.
  ///
  /// The descriptor is given away: glibc knows a library by the name that it was opened by, so the number in
  /// `/proc/self/fd/N` must never come to stand for another file. The library is never unloaded: Swift's runtime
  /// and whatever the library registered keep pointing into it.
  consuming func load() throws(RegistryError) -> UnsafePointer<mitogen_library> {
    guard let handle = dlopen("/proc/self/fd/\(descriptor)", RTLD_NOW | RTLD_LOCAL) else {
      let reason = dlerror().map { String(cString: $0) } ?? "no reason given"
      close(descriptor)
      throw RegistryError(
        file: path, item: "loading", expected: "to be loaded", found: reason,
        remedy: "install what it needs; a library is opened by descriptor, so $ORIGIN does not lead to its folder")
    }
    guard let entry = dlsym(handle, MITOGEN_ENTRY) else {
      throw RegistryError(
        file: path, item: "exported symbols", expected: MITOGEN_ENTRY, found: "none of that name",
        remedy: "define the entry as mitogen_plugin.h has it, and export it")
    }
    typealias Entry = @convention(c) () -> UnsafePointer<mitogen_library>?
    guard let table = unsafeBitCast(entry, to: Entry.self)() else {
      throw RegistryError(
        file: path, item: MITOGEN_ENTRY, expected: "a table", found: "NULL",
        remedy: "the library says that it cannot work here; ask its author why")
    }
    return table
  }
}
