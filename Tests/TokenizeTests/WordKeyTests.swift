import CTokenize
import Glibc
import TestSupport
import Testing

/// The keys of words, which are made sixteen at a time and one by one, and the numbers of set bits.
@Suite struct WordKeyTests {
  private static let limit = Int(CTOK_SHORT)

  /// Keys and hashes of the words between bounds, of a text behind which nothing can be read.
  private func keys(of text: [UInt8], _ bounds: [UInt16]) -> [(key: ctok_key, hash: UInt32)] {
    let count = bounds.count - 1
    var keys = [ctok_key](repeating: ctok_key(), count: count)
    var hashes = [UInt32](repeating: 0, count: count)
    let fenced = FencedBytes(text)
    let place = [ctok_place()]
    unsafe place.withUnsafeBufferPointer { place in
      var words = unsafe ctok_words(places: place.baseAddress, row: nil, mask: 0)
      unsafe ctok_hash_words(
        &words, fenced.start, fenced.start + text.count, bounds, count, &keys, &hashes)
    }
    return Array(zip(keys, hashes)).map { (key: $0, hash: $1) }
  }

  /// The bytes of a key in the order of memory.
  private func bytes(of key: ctok_key) -> [UInt8] {
    unsafe withUnsafeBytes(of: key) { unsafe Array($0) }
  }

  @Test(arguments: [1, 15, 16, 17, 31, 33, 256, 700])
  func keysSayWhichWordItIs(wordCount: Int) {
    var generator = SeededGenerator(seed: UInt64(wordCount))
    var text: [UInt8] = []
    var bounds: [UInt16] = [0]
    for _ in 0..<wordCount {
      let length = Int.random(in: 1...(Bool.random(using: &generator) ? 6 : 40), using: &generator)
      for _ in 0..<length { text.append(UInt8.random(in: 0...255, using: &generator)) }
      bounds.append(UInt16(text.count))
    }
    // What follows the last word may be read, as far as it goes.
    text += [UInt8](repeating: 0xFF, count: wordCount % 20)
    for (number, found) in keys(of: text, bounds).enumerated() {
      let word = Array(text[Int(bounds[number])..<Int(bounds[number + 1])])
      let key = bytes(of: found.key)
      if word.count <= Self.limit {
        let zeros = [UInt8](repeating: 0, count: Self.limit - word.count)
        #expect(key == word + zeros + [UInt8(word.count)])
      } else {
        #expect(key[..<Self.limit] == word[..<Self.limit])
        #expect(key[Self.limit] > Self.limit, "no short word may have this key")
      }
      #expect(found.hash == ctok_hash(found.key))
      // Alone, there may be no sixteen bytes to read.
      let alone = keys(of: word, [0, UInt16(word.count)])[0]
      #expect(bytes(of: alone.key) == key && alone.hash == found.hash)
    }
  }

  @Test(arguments: ["letters", "numbers", "ideographs", "salted"])
  func hashesSpread(kind: String) {
    var generator = SeededGenerator(seed: 3)
    var words: Set<[UInt8]> = []
    for number in 0..<20_000 {
      let letters = (0..<1 + number % 8).map { _ in
        UInt8.random(in: 0x61...0x7A, using: &generator)
      }
      switch kind {
      case "letters": words.insert([UInt8(ascii: " ")] + letters)
      case "numbers": words.insert(Array(String(number * 7).utf8))
      case "ideographs":
        let first = UInt32.random(in: 0x4E00...0x9FFF, using: &generator)
        let text = [first, 0x4E00 + UInt32(number % 500)].compactMap(Unicode.Scalar.init)
        words.insert(text.flatMap { Array(String($0).utf8) })
      // Bytes of no UTF-8, for which a factor of the hash is zero.
      default: words.insert([0xF7, 0xDA, 0xFB, 0xF8] + letters)
      }
    }
    // The bits that smaller and larger tables use.
    for shift in [UInt32(5), 15] {
      var places: Set<UInt32> = []
      var chance: Set<UInt32> = []
      for word in words {
        let hash = keys(of: word, [0, UInt16(word.count)])[0].hash
        places.insert(hash >> shift & 0x7FFF)
        chance.insert(UInt32.random(in: 0...0x7FFF, using: &generator))
      }
      #expect(places.count > chance.count * 95 / 100, "bits from \(shift) on")
    }
  }

  @Test(arguments: [0, 1, 7, 8, 9, 63, 64])
  func bitsBecomeNumbers(setBits: Int) {
    var generator = SeededGenerator(seed: UInt64(setBits))
    let rows = (0..<5).map { _ in
      (0..<64).shuffled(using: &generator).prefix(setBits).reduce(UInt64(0)) { $0 | 1 << $1 }
    }
    var numbers = [UInt16](repeating: .max, count: 5 * 64 + 8)
    let count = ctok_collect(rows, rows.count, &numbers)
    let expected = (0..<5 * 64).filter { rows[$0 / 64] >> UInt64($0 % 64) & 1 == 1 }
    #expect(numbers[..<count].map(Int.init) == expected)
  }
}

/// Bytes that end where memory ends: to read one behind them ends the process.
private final class FencedBytes {
  let start: UnsafeMutablePointer<UInt8>
  private let memory: UnsafeMutableRawPointer
  private let byteCount: Int

  init(_ bytes: [UInt8]) {
    let page = 4096
    let room = (bytes.count + page - 1) / page * page
    byteCount = room + page
    guard
      let memory = unsafe mmap(
        nil, byteCount, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
      unsafe memory != MAP_FAILED, unsafe mprotect(memory + room, page, PROT_NONE) == 0
    else { preconditionFailure("no memory for \(bytes.count) bytes") }
    unsafe self.memory = unsafe memory
    unsafe start = (memory + room - bytes.count).assumingMemoryBound(to: UInt8.self)
    unsafe start.update(from: bytes, count: bytes.count)
  }

  deinit { unsafe munmap(memory, byteCount) }
}
