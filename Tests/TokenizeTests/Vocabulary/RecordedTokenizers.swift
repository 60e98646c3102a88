import Foundation
import TestSupport

@testable import Tokenize

/// What Tests/Golden/record_tokenizers.py recorded.
enum Recorded {
  static let root: JSONNode? = {
    let tests = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    return try? JSONDocument(path: tests.appending(path: "Golden/tokenizers.json").path()).root
  }()

  /// A recorded value.
  static func node(_ keys: String...) throws -> JSONNode {
    guard var node = root else { throw Missing(what: "Tests/Golden/tokenizers.json") }
    for key in keys {
      guard let next = node[key] else { throw Missing(what: key) }
      node = next
    }
    return node
  }

  struct Missing: Error {
    var what: String
  }

  static let variantNames: [String] =
    root?["variants"]?.elements?.compactMap { $0["name"]?.string } ?? []

  static func variant(_ name: String) throws -> JSONNode {
    guard
      let found = try node("variants").elements?.first(where: { $0["name"]?.string == name })
    else { throw Missing(what: name) }
    return found
  }

  /// A variant as the tokenizer it describes.
  static func tokenizer(
    _ variant: JSONNode, specialText: SpecialText? = nil
  ) throws -> any Tokenizer {
    let folder = try TemporaryFolder()
    let model = try node("model").string ?? ""
    let head = (variant["file"]?.string ?? "").dropLast()
    let path = try folder.write("tokenizer.json", Array("\(head), \"model\": \(model)}".utf8))
    return try loadTokenizer(
      TokenizerChoice(kind: .huggingFace, vocabularyFile: path, specialText: specialText))
  }

  static let pieces: [[UInt8]] = root?["pieces"]?.elements?.compactMap(\.bytes) ?? []

  /// Texts of random pieces, as the script makes them.
  static func texts(seed: UInt64, count: Int, longest: UInt64) -> [[UInt8]] {
    var generator = SeededGenerator(seed: seed)
    return (0..<count).map { _ in
      let size = generator.next() % longest + 1
      return (0..<size).flatMap { _ in
        pieces[Int(generator.next() % UInt64(pieces.count))]
      }
    }
  }

  /// One document that shows 256 code points in many neighbourhoods, as the script makes it.
  static func contexts(_ first: UInt32) -> [UInt8] {
    (first..<first + 256).compactMap { Unicode.Scalar($0) }.flatMap { c in
      Array("a\(c)b \(c)1\(c)'s  \(c)\(c)\n\(c)\t \(c)!".utf8)
    }
  }
}

/// FNV-1a over numbers instead of bytes.
struct NumberHash {
  private var value: UInt64 = 0xCBF2_9CE4_8422_2325

  mutating func add(_ numbers: some Sequence<some BinaryInteger>) {
    for number in numbers { value = (value ^ UInt64(number)) &* 0x100_0000_01B3 }
  }

  mutating func add(_ ids: borrowing TokenBuffer) {
    let ids = ids.ids
    for index in ids.indices { value = (value ^ UInt64(ids[index])) &* 0x100_0000_01B3 }
  }

  var text: String {
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }
}
