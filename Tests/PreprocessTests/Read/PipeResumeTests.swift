import TestSupport
import Testing

@testable import Preprocess

/// Reading of pipes in parts: what was read before must come again.
@Suite("Pipes, broken off and continued")
struct PipeResumeTests {
  let folder: TemporaryFolder
  let pipe: PipeFixture
  let options = ReadingOptions.testing(itemBytes: 1 << 12, recordLimit: 1 << 14)

  enum Content: CaseIterable {
    case lines
    case gzip
    case zstd
    case array
    case tar
  }

  init() throws {
    folder = try TemporaryFolder()
    pipe = try PipeFixture(folder, "pipe")
  }

  /// Text that does not compress well, some of it in records that are long ones.
  private static func records(_ generator: inout SeededGenerator) -> [String] {
    (0..<2500).map { index in
      let count = index % 600 == 500 ? 5000 : Int.random(in: 1...100, using: &generator)
      let words = (0..<count).map { _ in
        String(UInt64.random(in: 0...UInt64.max, using: &generator), radix: 36)
      }
      return "{\"text\":\"\(words.joined(separator: " "))\"}"
    }
  }

  private static func bytes(
    _ content: Content, _ generator: inout SeededGenerator
  ) throws -> [UInt8] {
    let records = records(&generator)
    let lines = Array((records.joined(separator: "\n") + "\n").utf8)
    switch content {
    case .lines: return lines
    case .gzip: return try Containers.compressed(lines, .gzip)
    case .zstd: return try Containers.compressed(lines, .zstd)
    case .array: return Array(("[" + records.joined(separator: ",\n") + "]").utf8)
    case .tar:
      let members = records[..<400].enumerated().map { ("\($0).txt", Array($1.utf8)) }
      return try Containers.tar(members + [("z.jsonl", lines)])
    }
  }

  private func read(_ bytes: [UInt8], from position: SourcePosition? = nil) throws -> Reading {
    let inputs = try InputList([pipe.path])
    return try pipe.feeding(bytes) { try Reading(inputs, options, from: position) }
  }

  private func isRefused(_ bytes: [UInt8], from position: SourcePosition) -> Bool {
    do {
      _ = try read(bytes, from: position)
      return false
    } catch PreprocessError.otherData(let name, _) {
      return name == pipe.path
    } catch {
      return false
    }
  }

  @Test(arguments: Content.allCases)
  func onlyTheSameDataGoesOn(_ content: Content) throws {
    var generator = SeededGenerator(seed: 31)
    let bytes = try Self.bytes(content, &generator)
    let whole = try read(bytes)
    var inside = 0
    var open = 0
    for index in stride(from: 0, to: whole.positions.count, by: 17) {
      let place: Comment = "seed 31, \(content), after item \(index)"
      let stored = whole.positions[index].storedBytes
      let position = try #require(SourcePosition(storedBytes: stored))
      #expect(position == whole.positions[index], place)
      let mark = try #require(position.pipes.first)
      #expect(position.pipes.count == 1 && mark.byteCount <= bytes.count, place)

      let rest = try read(bytes, from: position)
      let done = whole.documentCounts[index]
      if position.isInsideDocument {
        inside += 1
        let tail = try #require(rest.texts.first)
        #expect(whole.texts[done].hasSuffix(tail), place)
        #expect(rest.documents.dropFirst() == whole.documents[(done + 1)...], place)
      } else {
        #expect(rest.documents[...] == whole.documents[done...], place)
      }
      #expect(rest.itemCount == whole.itemCount - index - 1, place)

      var other = bytes
      let changed = Int.random(in: 0..<mark.byteCount, using: &generator)
      other[changed] ^= 1
      #expect(isRefused(other, from: position), "\(place), byte \(changed)")
      let shorter = Int.random(in: 0..<mark.byteCount, using: &generator)
      #expect(isRefused(Array(bytes[..<shorter]), from: position), "\(place), \(shorter) bytes")
      #expect(isRefused([], from: position), place)
      if mark.isWhole {
        #expect(isRefused(bytes + [0x0A], from: position), place)
      } else {
        open += 1
        other = bytes
        other[bytes.count - 1] ^= 1
        #expect(mark.byteCount == bytes.count || !isRefused(other, from: position), place)
      }
    }
    #expect(
      inside > 3 && open > 10, "\(content): \(inside) inside documents, \(open) before the end")
  }

  @Test("pipes that are done are compared too, each by name")
  func pipesBefore() throws {
    let second = try PipeFixture(folder, "second")
    let empty = try PipeFixture(folder, "third")
    let file = try folder.write("file.jsonl", Array(String(repeating: "\"f\"\n", count: 9000).utf8))
    let a = Array(String(repeating: "\"a\"\n", count: 9000).utf8)
    let b = Array(String(repeating: "\"b\"\n", count: 9000).utf8)
    let inputs = try InputList([pipe.path, empty.path, file, second.path])
    func read(
      _ first: [UInt8], _ last: [UInt8], none: [UInt8] = [], from position: SourcePosition? = nil
    ) throws -> Reading {
      try pipe.feeding(first) {
        try empty.feeding(none) {
          try second.feeding(last) { try Reading(inputs, options, from: position) }
        }
      }
    }
    func culprit(
      _ first: [UInt8], _ last: [UInt8], none: [UInt8] = [], from position: SourcePosition
    ) throws -> String? {
      do {
        _ = try read(first, last, none: none, from: position)
        return nil
      } catch PreprocessError.otherData(let name, _) {
        return name
      }
    }
    let whole = try read(a, b)
    let noBytes: UInt64 = 0xEF46_DB37_51D8_E999
    #expect(whole.texts.count == 27_000)
    var inputsSeen: Set<Int> = []
    for (index, position) in whole.positions.enumerated() {
      inputsSeen.insert(position.input)
      #expect(position.pipes.map(\.input) == [[0], [0, 1], [0, 1], [0, 1, 3]][position.input])
      let rest = try read(a, b, from: position)
      #expect(rest.documents[...] == whole.documents[whole.documentCounts[index]...])
      #expect(rest.positions.isEmpty || rest.positions.last?.pipes == whole.positions.last?.pipes)
      #expect(try culprit(b, b, from: position) == pipe.path)
      #expect(
        try culprit(Array(a.dropLast()), b, from: position) == pipe.path || position.input == 0)
      #expect(try culprit(a, a, from: position) == (position.input == 3 ? second.path : nil))
      if position.input > 0 {
        #expect(try culprit(a + a, b, from: position) == pipe.path)
        #expect(try culprit(a, b, none: b, from: position) == empty.path)
        #expect(position.pipes[1] == PipeMark(input: 1, byteCount: 0, hash: noBytes, isWhole: true))
        var unknown = position
        unknown.pipes.removeFirst()
        #expect(
          throws: PreprocessError.cannotResume("it does not tell what was read of \(pipe.path)")
        ) {
          try read(a, b, from: unknown)
        }
      }
    }
    #expect(inputsSeen == [0, 1, 2, 3])
  }
}
