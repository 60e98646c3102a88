import Machine
import TestSupport
import Testing
import Tokenize

@testable import Preprocess

@Suite("Token bytes")
struct TokenBytesTests {
  private func write(
    _ ids: [TokenID], width: Int, counting sought: TokenID?
  ) -> (bytes: [UInt8], seen: TokenBytes.Seen) {
    var buffer = ByteBuffer()
    buffer.append(7 as UInt8)
    let seen = TokenBytes.append(ids.span, width: width, counting: sought, to: &buffer)
    let bytes = buffer.bytes.withUnsafeBytes { Array($0) }
    return (Array(bytes.dropFirst()), seen)
  }

  @Test("ids are written little-endian and looked at", arguments: [2, 4])
  func written(width: Int) {
    var generator = SeededGenerator(seed: 11)
    for count in [0, 1, 7, 8, 1000] {
      let ids = (0..<count).map { _ in TokenID.random(in: 0..<60_000, using: &generator) }
      let expected = ids.flatMap { id in
        (0..<width).map { UInt8(truncatingIfNeeded: id >> ($0 * 8)) }
      }
      let (bytes, seen) = write(ids, width: width, counting: ids.last)
      #expect(bytes == expected, "seed 11, \(count) ids")
      #expect(seen.largest == ids.max() ?? 0)
      #expect(seen.soughtCount == ids.count { $0 == ids.last })
    }
  }

  @Test("an id that does not fit is seen")
  func tooLarge() {
    #expect(
      write([1, 65_536], width: 2, counting: nil).seen.largest > TokenBytes.largestID(width: 2))
    #expect(
      write([1, 65_535], width: 2, counting: nil).seen.largest <= TokenBytes.largestID(width: 2))
    #expect(write([1 << 31], width: 4, counting: nil).seen.largest > TokenBytes.largestID(width: 4))
  }
}
