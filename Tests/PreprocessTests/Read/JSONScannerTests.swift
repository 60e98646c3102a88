import Foundation
import TestSupport
import Testing

@testable import Preprocess

@Suite struct JSONScannerTests {
  static let seed: UInt64 = 20

  /// Valid records, of which each test changes a few bytes.
  static let records = [
    #"{"text":"plain words","meta":{"id":12,"tags":["a","b"],"ok":true}}"#,
    #"{"id":-1.5e-3,"text":"line\nbreak \"quoted\" \\ \/ \u00e9\ud83d\ude00","none":null}"#,
    #"{"text":["one","two \u0041",""],"x":[[],{},[{"y":[0,1,2]}]],"f":false}"#,
    #"{"text":"first","other":{"text":"inner"},"text":"naïve 日本語 😀"}"#,
    #" { "a" : [ 1 , 2.25 , 1E5 ] , "text" : "spaces" } "#,
    #""a bare string é \t""#,
    #"{"text":"","meta":0}"#,
    #"{"text":0.0}"#,
  ]

  static func mutated(_ generator: inout SeededGenerator) -> [UInt8] {
    var bytes = Array(records.randomElement(using: &generator)?.utf8 ?? "".utf8)
    let pieces: [[UInt8]] =
      [
        "\"", "\\", "\\u", "\\ud83d", "{", "}", "[", "]", ",", ":", "0", "-", "1e", ".5", "null",
        "true", "NaN", "text", "\u{7F}", " ", "é",
      ].map { Array($0.utf8) } + [[0], [0x1F], [0xFF], [0xC3], [0xE2, 0x82], [0xED, 0xA0, 0x80]]
    for _ in 0..<Int.random(in: 0...3, using: &generator) where !bytes.isEmpty {
      let place = Int.random(in: 0..<bytes.count, using: &generator)
      switch Int.random(in: 0..<4, using: &generator) {
      case 0: bytes.remove(at: place)
      case 1: bytes[place] = UInt8.random(in: 0...255, using: &generator)
      case 2: bytes.insert(contentsOf: pieces.randomElement(using: &generator) ?? [], at: place)
      default: bytes.removeSubrange(place..<min(bytes.count, place + 3))
      }
    }
    bytes.removeAll { $0 == 0x0A }
    return bytes
  }

  static func scan(_ bytes: [UInt8], keys: [String], pieces: [Int] = []) -> JSONScanner {
    var scanner = JSONScanner(keys: keys.map { Array($0.utf8) })
    var start = 0
    for end in pieces + [bytes.count] {
      scanner.feed(bytes.span.extracting(start..<end))
      start = end
    }
    scanner.finish()
    return scanner
  }

  static func texts(_ bytes: [UInt8], _ verdict: JSONScanner.Verdict) -> [[UInt8]]? {
    switch verdict {
    case .fault: return nil
    case .empty: return [[]]
    case .texts(let ranges):
      return ranges.map { range in
        var text: [UInt8] = []
        var decoder = JSONTextDecoder()
        if let range { decoder.decode(bytes.span.extracting(range), into: &text) }
        return text
      }
    }
  }

  @Test func agreesWithTheFastParser() throws {
    var generator = SeededGenerator(seed: Self.seed)
    let parser = try #require(RecordParser(keys: [Array("text".utf8)]))
    var accepted = 0
    for round in 0..<5000 {
      let bytes = Self.mutated(&generator)
      let scanner = Self.scan(bytes, keys: ["text"])
      let exact = Self.texts(bytes, scanner.verdict())
      var padded = bytes + [UInt8](repeating: 0x22, count: 64)
      let fast: [UInt8]? = padded.withUnsafeMutableBufferPointer {
        let record = UnsafeBufferPointer(rebasing: $0[..<bytes.count])
        return parser.parse(record) ? Array(parser.text(0)) : nil
      }
      guard let fast else { continue }
      accepted += 1
      #expect(exact == [fast], "round \(round): \(String(decoding: bytes, as: UTF8.self))")
    }
    #expect(accepted > 500)
  }

  @Test func agreesWithFoundation() {
    var generator = SeededGenerator(seed: Self.seed + 1)
    var accepted = 0
    for round in 0..<5000 {
      let bytes = Self.mutated(&generator)
      let scanner = Self.scan(bytes, keys: [])
      let isJSON =
        (try? JSONSerialization.jsonObject(with: Data(bytes), options: .fragmentsAllowed)) != nil
      let line = String(decoding: bytes, as: UTF8.self)
      if isJSON {
        accepted += 1
        // Foundation lets a comma stand before the end of a list.
        let isComma = scanner.fault?.reason == "']' where a JSON value was expected"
        #expect(scanner.fault == nil || isComma, "round \(round): \(line)")
      } else if scanner.fault == nil {
        // What we take beyond JSON, as Python does.
        let isLenient =
          line.contains("NaN") || line.contains("\\ud") || bytes.contains { $0 < 0x20 }
          || line.contains(/[0-9][eE][+-]?[0-9]{3}/) || bytes.starts(with: [0x1E])
          || line.contains("\\uD")
        #expect(isLenient, "round \(round): \(line)")
      }
    }
    #expect(accepted > 500)
  }

  @Test func piecesDoNotMatter() {
    var generator = SeededGenerator(seed: Self.seed + 2)
    for round in 0..<2000 {
      let bytes = Self.mutated(&generator)
      let whole = Self.scan(bytes, keys: ["text", "a"])
      let cuts = (0..<4).map { _ in Int.random(in: 0...bytes.count, using: &generator) }.sorted()
      let parts = Self.scan(bytes, keys: ["text", "a"], pieces: cuts)
      #expect(whole.verdict() == parts.verdict(), "round \(round)")
      let single = Self.scan(bytes, keys: ["text", "a"], pieces: Array(0..<bytes.count))
      #expect(whole.verdict() == single.verdict(), "round \(round)")
    }
  }

  @Test func decodingInPiecesDoesNotMatter() {
    let value = Array(#"[ "a\u00e9\ud83d\ude00\n\"" , "" , "\\x\/日本" ]"#.utf8)
    let expected = Array("aé😀\n\"\n\n\n\n\\x/日本".utf8)
    for cut in 0...value.count {
      var text: [UInt8] = []
      var decoder = JSONTextDecoder()
      decoder.decode(value.span.extracting(0..<cut), into: &text)
      decoder.decode(value.span.extracting(cut..<value.count), into: &text)
      #expect(text == expected, "cut at \(cut)")
    }
  }

  @Test func everyFaultNamesAByteOfTheRecord() {
    var generator = SeededGenerator(seed: Self.seed + 3)
    for round in 0..<2000 {
      let bytes = Self.mutated(&generator)
      guard case .fault(let fault) = Self.scan(bytes, keys: ["text"]).verdict() else { continue }
      #expect(fault.offset >= 0 && fault.offset <= bytes.count, "round \(round)")
      #expect(!fault.reason.isEmpty)
    }
  }
}
