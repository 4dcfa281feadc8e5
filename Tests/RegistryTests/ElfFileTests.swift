import Glibc
import Testing

@testable import Registry

@Suite struct ElfFileTests {
  private func read(_ path: String) throws -> [UInt8] {
    let descriptor = try FileSystem.open(path)
    defer { close(descriptor) }
    return try FileSystem.read(descriptor, at: 0, limit: 32 << 20)
  }

  private func parse(_ bytes: [UInt8]) throws -> ElfFile {
    try ElfFile { offset, limit in
      guard offset >= 0, offset < bytes.count else { return [] }
      return Array(bytes[offset..<min(bytes.count, offset + min(limit, bytes.count))])
    }
  }

  @Test(arguments: [
    "libMitogenLocal.so", "libMitogenSetNS.so", "libMitogenSSH.so", "libMitogenSudo.so", "libMitogenSu.so",
    "libMitogenDoas.so", "libMitogenBecome.so", "libMitogenNewStyle.so",
    "libMitogenBinary.so", "libMitogenModuleReplacer.so", "libMitogenOldStyle.so",
  ])
  func aPluginOfOursExportsItsEntryAndNothingElse(_ name: String) throws {
    let elf = try parse(read(BuiltLibraries.buildFolder + "/" + name))
    #expect(elf.exported == ["mitogen_library_v1"])
    #expect(elf.isSharedObject && elf.needed.contains("libswiftCore.so"))
    #expect(elf.toolchain != nil)
    for forbidden in ["libFoundation.so", "libFoundationInternationalization.so", "lib_FoundationICU.so"] {
      #expect(!elf.needed.contains(forbidden))
    }
  }

  @Test func aLibraryInCNeedsNoSwift() throws {
    let elf = try parse(read(CLibrary.build("minimal.c")))
    #expect(elf.exported == ["mitogen_library_v1"])
    #expect(elf.needed == ["libc.so.6"] || elf.needed == [])
    #expect(elf.toolchain == nil)
  }

  private func library(needed: [String], toolchain: String?) throws -> ElfFile {
    var elf = try parse(read(CLibrary.build("minimal.c")))
    elf.needed = needed
    elf.toolchain = toolchain
    return elf
  }

  @Test func aSwiftRuntimeOfAnotherToolchainIsRefusedBeforeLoading() throws {
    let host = try library(needed: ["libswiftCore.so"], toolchain: "clang 21 (swiftlang/llvm-project aaa)")
    let same = host
    let other = try library(needed: ["libswiftCore.so"], toolchain: "clang 17 (swiftlang/llvm-project bbb)")
    let none = try library(needed: [], toolchain: "clang 17 (swiftlang/llvm-project bbb)")
    try LibraryFile.check("x.so", same, against: host)
    try LibraryFile.check("x.so", none, against: host)
    let error = try #require(throws: RegistryError.self) { try LibraryFile.check("x.so", other, against: host) }
    #expect(error.item == "Swift toolchain" && error.expected.contains("aaa") && error.found.contains("bbb"))
    #expect(error.remedy.contains("-static-stdlib"))
  }

  @Test func aSharedSwiftRuntimeBesideAStaticOneIsRefused() throws {
    let host = try library(needed: ["libc.so.6"], toolchain: "a")
    let plugin = try library(needed: ["libswiftCore.so"], toolchain: "a")
    let error = try #require(throws: RegistryError.self) { try LibraryFile.check("x.so", plugin, against: host) }
    #expect(error.item == "Swift runtime" && error.found == "libswiftCore.so")
  }

  @Test func anotherMachineIsRefused() throws {
    let host = try library(needed: [], toolchain: nil)
    var other = host
    other.machine = 243
    let error = try #require(throws: RegistryError.self) { try LibraryFile.check("x.so", other, against: host) }
    #expect(error.item == "machine" && error.found == "243")
  }

  /// Whatever stands in the file: an answer or an error, never a trap, and no more memory than the file's size asks.
  @Test func brokenFilesAreRefusedAndNothingElse() throws {
    let whole = try read(CLibrary.build("minimal.c"))
    var random = SystemRandomNumberGenerator()
    for _ in 0..<3000 {
      var bytes = whole
      for _ in 0..<Int.random(in: 1...8, using: &random) {
        // Mostly where headers and tables are.
        let place = Bool.random(using: &random) ? Int.random(in: 0..<64) : Int.random(in: 0..<bytes.count)
        bytes[place] = [0, 1, 0x7f, 0x80, 0xff, UInt8.random(in: 0...255)].randomElement(using: &random) ?? 0
      }
      if Int.random(in: 0..<10, using: &random) == 0 { bytes.removeLast(Int.random(in: 0..<bytes.count)) }
      _ = try? parse(bytes)
    }
  }
}
