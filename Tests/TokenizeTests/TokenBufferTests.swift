import Foundation
import Testing

@testable import Tokenize

@Suite("Rows of ids")
struct TokenBufferTests {
  @Test("a long row grows in one mapping, and keeps its ids")
  func growsLong() throws {
    var buffer = TokenBuffer(capacity: 1 << 16)
    let count = 9 << 20
    for index in 0..<count { buffer.append(TokenID(index) &* 7) }
    let ids = buffer.ids
    #expect(ids.count == count)
    #expect(ids.indices.allSatisfy { ids[$0] == TokenID($0) &* 7 })
    let start = unsafe UInt(bitPattern: buffer.start)
    let maps = try String(contentsOfFile: "/proc/self/maps", encoding: .utf8)
    let ends = maps.split(separator: "\n").compactMap { line -> UInt? in
      let range = line.prefix { $0 != " " }.split(separator: "-").map { UInt($0, radix: 16) ?? 0 }
      return range[0] <= start && start < range[1] ? range[1] : nil
    }
    #expect(ends.count == 1 && ends[0] - start >= 4 * UInt(buffer.capacity))
    #expect(start.isMultiple(of: 1 << 21))
  }
}
