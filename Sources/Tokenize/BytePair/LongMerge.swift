import Glibc

// Words of any length in time that grows no faster than n log n.
//
// Two tokens are compatible when their joined bytes encode to just these two. A row of tokens, each
// the encoding of its own bytes, is the encoding of the joined bytes exactly when all neighbours
// are compatible: the first merge across a boundary would also happen with the two neighbours
// alone (van Antwerpen and Neubeck, "So many tokens, so little time", GitHub 2024). So a long word
// is encoded window by window, and only the seams are checked.

/// Room in which one thread encodes long words: what is known of windows and of seams.
@safe
struct LongScratch: ~Copyable {
  /// Bytes of the first window that is tried.
  static let firstWindow = 24
  /// Longest word that is merged as a whole, in bytes.
  static let wholeLimit = firstWindow * 2
  /// Largest window that is remembered; some tokens have 64 bytes and more, and a window needs three.
  static let largestKept = 512

  /// A window that was encoded before, at a place of the same word.
  fileprivate struct Window {
    var place = 0
    var size = 0
    var idCount = 0
  }

  fileprivate static let slotCount = 64
  fileprivate let windows = UnsafeMutablePointer<Window>.allocate(capacity: slotCount)
  fileprivate let ids = UnsafeMutablePointer<TokenID>.allocate(
    capacity: slotCount * largestKept)
  /// Pairs of tokens (20 bits each, the pair above) with, in the lowest bit, whether they are
  /// compatible; all ones where nothing is known.
  fileprivate let seams = UnsafeMutablePointer<UInt64>.allocate(capacity: seamCount)
  fileprivate static let seamCount = 1024
  fileprivate var pair: [UInt8] = []
  fileprivate var pairIDs = TokenBuffer(capacity: 64)

  init() {
    forgetSeams()
  }

  deinit {
    unsafe windows.deallocate()
    unsafe ids.deallocate()
    unsafe seams.deallocate()
  }

  /// Forgets what belongs to a vocabulary.
  func forgetSeams() {
    unsafe seams.update(repeating: UInt64.max, count: Self.seamCount)
  }

  fileprivate func forgetWindows() {
    unsafe windows.update(repeating: Window(), count: Self.slotCount)
  }
}

extension BytePairModel {
  /// Appends the ids of a word of any length.
  @unsafe
  func encodeLong(
    _ word: UnsafePointer<UInt8>, count: Int, into ids: inout TokenBuffer,
    _ scratch: borrowing MergeScratch, _ long: inout LongScratch
  ) {
    guard unsafe lacksByte(of: word, count: count) else {
      return unsafe encodeKnown(word, count: count, into: &ids, scratch, &long)
    }
    let known = unsafe UnsafeBufferPointer(start: word, count: count).filter {
      byteTokens[Int($0)] != Self.absent
    }
    unsafe known.withUnsafeBufferPointer { known in
      guard let start = known.baseAddress else { return }
      unsafe encodeKnown(start, count: known.count, into: &ids, scratch, &long)
    }
  }

  /// As ``encodeLong(_:count:into:_:_:)``, for a word each byte of which has a token.
  @unsafe
  private func encodeKnown(
    _ word: UnsafePointer<UInt8>, count: Int, into ids: inout TokenBuffer,
    _ scratch: borrowing MergeScratch, _ long: inout LongScratch
  ) {
    if count <= LongScratch.wholeLimit {
      return unsafe merge(word, count: count, into: &ids, scratch)
    }
    long.forgetWindows()
    let first = ids.count
    var start = 0
    var window = LongScratch.firstWindow
    // While seams fail at or before the farthest failure, windows only grow, or a word could be
    // stepped back and forth over without end.
    var farthestFailure = 0
    var least = window
    var failures = 0
    while start < count {
      let size = min(window, count - start)
      let mark = ids.count
      unsafe encodeWindow(word, at: start, size, into: &ids, scratch, long)
      if mark > first, !areCompatible(ids.ids[mark - 1], ids.ids[mark], scratch, &long) {
        // Another seam often will do; if not, step back ever further with ever larger windows.
        let kept = max(first, mark - 1 << max(0, failures - 2))
        farthestFailure = max(farthestFailure, start)
        for index in kept..<mark { start -= byteCount(of: ids.ids[index]) }
        ids.truncate(to: kept)
        failures += 1
        least *= 2
        window = max(failures > 2 ? window * 2 : window, least)
        continue
      }
      if start + size == count { return }
      // The end of the window says little about what follows.
      let kept = ids.count - mark - 2
      guard kept > 0 else {
        ids.truncate(to: mark)
        window *= 2
        continue
      }
      ids.truncate(to: mark + kept)
      for index in mark..<ids.count { start += byteCount(of: ids.ids[index]) }
      if start > farthestFailure { least = LongScratch.firstWindow }
      window = max(window / 2, least)
      failures = 0
    }
  }

  /// Appends the ids of a window, which a repetitive word may have had before.
  @unsafe
  private func encodeWindow(
    _ word: UnsafePointer<UInt8>, at start: Int, _ size: Int, into ids: inout TokenBuffer,
    _ scratch: borrowing MergeScratch, _ long: borrowing LongScratch
  ) {
    guard size >= LongScratch.firstWindow, size <= LongScratch.largestKept else {
      return unsafe merge(word + start, count: size, into: &ids, scratch)
    }
    let raw = unsafe UnsafeRawPointer(word + start)
    let sample =
      unsafe raw.loadUnaligned(as: UInt64.self)
      ^ (raw.loadUnaligned(fromByteOffset: 8, as: UInt64.self) &+ UInt64(size))
    let slot = Int(truncatingIfNeeded: (sample &* 0x9E37_79B9_7F4A_7C15) >> 58)
    let known = unsafe long.windows[slot]
    let kept = unsafe long.ids + slot * LongScratch.largestKept
    if known.size == size, unsafe memcmp(word + known.place, raw, size) == 0 {
      unsafe ids.append(from: kept, count: known.idCount)
      return
    }
    let mark = ids.count
    unsafe merge(word + start, count: size, into: &ids, scratch)
    let used = ids.count - mark
    unsafe kept.update(from: ids.start + mark, count: used)
    unsafe long.windows[slot] = LongScratch.Window(place: start, size: size, idCount: used)
  }

  /// Whether the joined bytes of two tokens encode to these two.
  private func areCompatible(
    _ left: TokenID, _ right: TokenID, _ scratch: borrowing MergeScratch,
    _ long: inout LongScratch
  ) -> Bool {
    let pair = UInt64(left) << 20 | UInt64(right)
    let slot = Int(truncatingIfNeeded: (pair &* 0x9E37_79B9_7F4A_7C15) >> 54)
    let known = unsafe long.seams[slot]
    if known >> 1 == pair { return known & 1 == 1 }
    long.pair.removeAll(keepingCapacity: true)
    appendBytes(of: left, to: &long.pair)
    appendBytes(of: right, to: &long.pair)
    long.pairIDs.truncate(to: 0)
    unsafe long.pair.withUnsafeBufferPointer { bytes in
      guard let start = bytes.baseAddress else { return }
      unsafe merge(start, count: bytes.count, into: &long.pairIDs, scratch)
    }
    let ids = long.pairIDs.ids
    let areCompatible = ids.count == 2 && ids[0] == left && ids[1] == right
    unsafe long.seams[slot] = pair << 1 | (areCompatible ? 1 : 0)
    return areCompatible
  }

  @unsafe
  private func merge(
    _ word: UnsafePointer<UInt8>, count: Int, into ids: inout TokenBuffer,
    _ scratch: borrowing MergeScratch
  ) {
    if count <= Self.shortLimit {
      unsafe appendShort(word, count: count, to: &ids, scratch)
    } else {
      var row = unsafe MergeRow(
        UnsafeBufferPointer(start: word, count: count).map { byteTokens[Int($0)] })
      row.merge(by: merges)
      row.appendParts(to: &ids)
    }
  }
}
