import CLzma

/// Whole-buffer LZMA in its older format (a 13-byte header, an end mark), for bundles of blobs: 14 % smaller than zlib's best
/// on Python source, which is what brings the first flight to a node below 64 KiB.
///
/// Python's C module for it is in every build of 3.3 and later that had liblzma's headers; it reads the format without
/// `lzma.py`, which is slow to import. 280 KB take 50 ms to compress: not on an event loop.
public enum LzmaBuffer {
  /// Level 6 with settings for text: 0.7 % smaller than the defaults; level 9 gains nothing at these sizes.
  private static var settings: lzma_options_lzma {
    var options = lzma_options_lzma()
    let refused = lzma_lzma_preset(&options, 6)
    precondition(refused == 0, "liblzma has no preset 6")
    options.lc = 3
    options.lp = 0
    options.pb = 0
    // The largest distance that is looked back; the receiver sets so much memory aside.
    options.dict_size = 1 << 20
    return options
  }

  public static func compress(_ bytes: some Collection<UInt8>) -> [UInt8] {
    let input = ContiguousArray(bytes)
    var options = settings
    // Zeroed is what LZMA_STREAM_INIT is.
    var stream = lzma_stream()
    precondition(lzma_alone_encoder(&stream, &options) == LZMA_OK, "liblzma cannot allocate an encoder")
    defer { lzma_end(&stream) }
    // What does not compress grows by less than this; the rest is header and end mark.
    let bound = input.count + input.count / 16 + 256
    return [UInt8](unsafeUninitializedCapacity: bound) { space, count in
      input.withUnsafeBufferPointer { source in
        stream.next_in = source.baseAddress
        stream.avail_in = source.count
        stream.next_out = space.baseAddress
        stream.avail_out = space.count
        let rc = lzma_code(&stream, LZMA_FINISH)
        precondition(rc == LZMA_STREAM_END, "liblzma refused valid input")
      }
      count = space.count - stream.avail_out
    }
  }
}
