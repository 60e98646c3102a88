import Foundation
import Preprocess
import TestSupport
import Testing

@Suite struct LongRecordTests {
  let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
  }

  /// Text with all that must survive being read in pieces.
  static func text(_ count: Int, seed: UInt64) -> (plain: String, escaped: String) {
    var generator = SeededGenerator(seed: seed)
    let words = [
      ("word ", "word "), ("é ", "\\u00e9 "), ("😀 ", "\\ud83d\\ude00 "), ("\"\\ ", "\\\"\\\\ "),
      ("日本 ", "日本 "), ("\n\t ", "\\n\\t "),
    ]
    var plain = ""
    var escaped = ""
    for _ in 0..<count {
      let (one, two) = words.randomElement(using: &generator) ?? ("", "")
      plain += one
      escaped += two
    }
    return (plain, escaped)
  }

  static func options(keys: [String] = ["text"]) -> ReadingOptions {
    .testing(keys: keys, itemBytes: 512, recordLimit: 1024)
  }

  @Test func severalLongTexts() throws {
    let a = Self.text(3000, seed: 1)
    let b = Self.text(2000, seed: 2)
    let line = #"{"b":["\#(b.escaped)","x"],"skip":[1,{"a":2}],"a":"\#(a.escaped)","c":""}"#
    let file = #"{"a":"1","b":"2","c":"3"}"# + "\n\(line)\r\n" + #"{"a":"4","b":"5","c":"6"}"#
    let lists = ["a", "b", "c"]
    let expected = [["1", "2", "3"], [a.plain, b.plain + "\n\nx", ""], ["4", "5", "6"]]
    for name in ["a.jsonl", "a.jsonl.gz"] {
      var bytes = Array(file.utf8)
      if name.hasSuffix(".gz") { bytes = try Containers.compressed(bytes, .gzip) }
      let path = try folder.write(name, bytes)
      let reading = try Reading(path, options: Self.options(keys: lists))
      #expect(reading.documents.map(\.texts) == expected, "\(name)")
      #expect(reading.documents.map { $0.place.split(separator: ":")[1] } == ["1", "2", "3"])
      #expect(reading.counts.read == 3)
      #expect(reading.itemCount > 20)
    }
  }

  @Test func faultsOfLongRecords() throws {
    let long = String(repeating: "x ", count: 2000)
    let lines: [(String, String?)] = [
      (#"{"text":"\#(long)"}"#, nil),
      (#"{"text":"\#(long)""#, "4010: the record ends too early"),
      (#"{"other":"\#(long)"}"#, #"0: the object has no member "text""#),
      (#"{"text":5,"other":"\#(long)"}"#, "8: a number where text was expected"),
      (#"{"text":"\#(long)\ud800"}"#, "4009: an escape of half a surrogate pair"),
      (#"{"text":"\#(long)"} {}"#, "4012: '{' after the end of the JSON value"),
      (#"{"text":"","other":"\#(long)"}"#, nil),
      (String(repeating: " ", count: 3000), "3000: the line is blank"),
    ]
    let path = try folder.write(
      "a.jsonl", Array(lines.map { $0.0 + "\n" }.joined().utf8))
    let reading = try Reading(path, options: Self.options())
    #expect(reading.texts == [long])
    #expect(reading.counts.read == 8 && reading.counts.empty == 1 && reading.counts.faults == 6)
    var start = 0
    var faults = reading.faults[...]
    var quarantined = reading.quarantined[...]
    for (index, (line, reason)) in lines.enumerated() {
      if let reason, let colon = reason.firstIndex(of: ":") {
        let offset = start + (Int(reason[..<colon]) ?? 0)
        let expected = "\(path):\(index + 1):\(offset)\(reason[colon...])"
        #expect(faults.popFirst()?.hasPrefix(expected) == true)
        #expect(quarantined.popFirst() == Array(line.utf8))
      }
      start += line.utf8.count + 1
    }
    let short = try Reading(path, options: .testing())
    #expect(short.faults == reading.faults && short.texts == reading.texts)
  }

  @Test func longTextsThatAreNotUTF8() throws {
    let prose = Array(String(repeating: "words\n", count: 1000).utf8)
    for (name, bytes) in [
      ("a.txt", prose + [0xC3] + prose), ("b.txt", prose + [0xC3]),
      ("c.txt", prose + [0xED, 0xA0, 0x80] + prose),
    ] {
      let reading = try Reading(folder.write(name, bytes), options: Self.options())
      #expect(reading.documents.isEmpty)
      #expect(reading.faults == ["\(folder.file(name)):1001:6001: bytes that are not UTF-8"])
    }
  }

  @Test func textWithoutAPlaceToCut() throws {
    let path = try folder.write("a.txt", [UInt8](repeating: 0x61, count: 5000))
    var options = Self.options(keys: ["a", "b"])
    options.pieceLimit = 2048
    options.roomFor = { "\($0) would do" }
    let reason = "there is no place to cut it within 2048 bytes; "
    let text = try Reading(path, options: options)
    #expect(
      text.faults == ["\(path):1:0: from byte 0 of its text on \(reason)5000 would do"])
    #expect(text.quarantined == [[UInt8](repeating: 0x61, count: 5000)] && text.counts.read == 1)
    // After pieces that are given away already, and in the second text of a record.
    let run = String(repeating: "a", count: 5000)
    let prose = String(repeating: "word ", count: 500)
    let lines = [
      #"{"a":"1","b":"2"}"#, #"{"a":"\#(prose)\#(run)","b":"x"}"#,
      #"{"b":"\#(run)","a":"\#(prose)"}"#, #"{"a":"3","b":"4"}"#,
    ]
    for name in ["a.jsonl", "a.jsonl.gz"] {
      var bytes = Array(lines.joined(separator: "\n").utf8)
      if name.hasSuffix(".gz") { bytes = try Containers.compressed(bytes, .gzip) }
      let lined = try folder.write(name, bytes)
      let reading = try Reading(lined, options: options)
      #expect(reading.documents.map(\.texts) == [["1", "2"], ["3", "4"]])
      #expect(reading.counts.read == 4 && reading.counts.faults == 2)
      #expect(
        reading.faults.map {
          $0.hasPrefix("\(lined):2:18: from byte 2499 of its text on \(reason)")
        }
          == [true, false], "\(reading.faults)")
      #expect(reading.faults.last?.hasPrefix("\(lined):3:") == true)
      #expect(reading.quarantined == lines[1...2].map { Array($0.utf8) })
      // Each position after an item continues behind the same faults.
      for (index, position) in reading.positions.enumerated() {
        let rest = try Reading(InputList([lined]), options, from: position)
        #expect(rest.itemCount == reading.itemCount - index - 1, "item \(index)")
      }
    }
    options.pieceLimit = 8192
    #expect(try Reading(path, options: options).texts.first?.utf8.count == 5000)
  }

  @Test func longElementsAndSizedRecords() throws {
    let a = Self.text(3000, seed: 3)
    let array = Array("[\n \"short\",\n\n {\"text\":\"\(a.escaped)\"} ,\n \"end\", 7]".utf8)
    let path = try folder.write("a.json", array)
    let reading = try Reading(path, options: Self.options())
    #expect(reading.texts == ["short", a.plain, "end"])
    #expect(reading.documents.map { $0.place.split(separator: ":")[1] } == ["2", "4", "5"])
    #expect(reading.counts.faults == 1)
    let digits = String("0000000000000000\(a.plain.utf8.count)".suffix(16))
    let data = Array(("0000000000000001x" + digits + a.plain + "0000000000000001y").utf8)
    let packed = try folder.write("a.dat.zst", Containers.compressed(data, .zstd))
    #expect(try Reading(packed, options: Self.options()).texts == ["x", a.plain, "y"])
  }

  @Test func newlinesAreTranslatedAcrossPieces() throws {
    for filler in 500..<530 {
      let text = String(repeating: "x", count: filler) + "\r\n y\r"
      let all = String(repeating: text, count: 5)
      let path = try folder.write("a.txt", Array(all.utf8))
      let translated = all.replacing("\r\n", with: "\n").replacing("\r", with: "\n")
      let reading = try Reading(path, options: Self.options())
      #expect(reading.texts == [translated], "\(filler)")
      // Each position after a piece goes on with the rest of the text.
      #expect(reading.itemCount >= 5)
      for position in reading.positions.dropLast() {
        let rest = try Reading(InputList([path]), Self.options(), from: position)
        #expect(rest.texts.count == 1 && translated.hasSuffix(rest.texts[0]), "\(filler)")
        #expect(!rest.texts[0].isEmpty && rest.texts[0] != translated)
      }
    }
  }

  @Test func carriageReturnsOfAllKindsInOneLongText() throws {
    var generator = SeededGenerator(seed: 8)
    let ends = ["\r", "\n", "\r\n", "\r\r\n", "\n\r", " \r", "é ", "x x"]
    for round in 0..<20 {
      let text = (0..<2000).flatMap { _ in Array((ends.randomElement(using: &generator) ?? "").utf8)
      }
      let path = try folder.write("a.txt", text)
      // Byte by byte: a line end of two is one Character of Swift's.
      let bytes = text.indices.compactMap { place -> UInt8? in
        if text[place] == 0x0A, place > 0, text[place - 1] == 0x0D { return nil }
        return text[place] == 0x0D ? 0x0A : text[place]
      }
      let translated = String(decoding: bytes, as: UTF8.self)
      #expect(try Reading(path, options: Self.options()).texts == [translated], "\(round)")
    }
  }

  @Test func nothingIsLeftInTheSpoolFolder() throws {
    let spool = folder.file("spool")
    try FileManager.default.createDirectory(atPath: spool, withIntermediateDirectories: false)
    var options = Self.options()
    options.spoolFolder = spool
    let line = Array("\"\(String(repeating: "x ", count: 4000))\"\n".utf8)
    let path = try folder.write("a.jsonl.xz", Containers.compressed(line, .xz))
    #expect(try Reading(path, options: options).texts.count == 1)
    #expect(try FileManager.default.contentsOfDirectory(atPath: spool).isEmpty)
    options.spoolFolder = folder.file("absent")
    #expect(throws: PreprocessError.self) { try Reading(path, options: options) }
  }
}
