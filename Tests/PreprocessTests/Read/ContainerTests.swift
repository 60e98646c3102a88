import Foundation
import Preprocess
import TestSupport
import Testing

@Suite struct ContainerTests {
  let folder: TemporaryFolder
  static let texts = (0..<300).map { "document \($0) " + String(repeating: "wörd ", count: $0) }
  static let lines = Array(
    texts.map { #"{"text":"\#($0)","meta":{"n":1}}"# + "\n" }.joined().utf8)

  init() throws {
    folder = try TemporaryFolder()
  }

  func read(_ name: String, _ bytes: [UInt8], format: InputFormat = .auto) throws -> Reading {
    var options = ReadingOptions.testing()
    options.format = format
    return try Reading(folder.write(name, bytes), options: options)
  }

  @Test(arguments: Containers.Compression.allCases)
  func sameDocumentsInEveryCompression(_ kind: Containers.Compression) throws {
    let data = try Containers.compressed(Self.lines, kind)
    for name in ["a.jsonl.\(kind.rawValue)", "a.json.\(kind.rawValue)", "misnamed.jsonl", "none"] {
      let reading = try read(name, data)
      #expect(reading.texts == Self.texts, "\(name)")
      #expect(reading.documents[7].place.hasPrefix("\(folder.file(name)):8:"))
    }
    let twice = try Reading(folder.write("two.jsonl", data + data))
    #expect(twice.texts == Self.texts + Self.texts, "concatenated \(kind)")
    #expect(twice.documents[300].place.contains(":301:"))
  }

  @Test(arguments: Containers.Compression.allCases)
  func truncationIsNoticedAnywhere(_ kind: Containers.Compression) throws {
    var generator = SeededGenerator(seed: 7)
    let noise = (0..<20_000).map { _ in UInt8.random(in: 0x61...0x7A, using: &generator) }
    let line = Array(#"{"text":""#.utf8) + noise + Array("\"}\n".utf8)
    let data = try Containers.compressed(line, kind)
    let whole = try read("whole.jsonl", data)
    #expect(whole.texts.count == 1)
    for cut in [data.count - 1, data.count - 3, data.count - 9, data.count / 2, 20, 11] {
      #expect(throws: PreprocessError.self, "\(kind) cut at \(cut) of \(data.count)") {
        try read("cut\(cut).jsonl", Array(data[..<cut]))
      }
    }
  }

  /// All but zstd, to which libarchive's writer, unlike the zstd program, adds no checksum.
  @Test(arguments: Containers.Compression.allCases.filter { $0 != .zstd })
  func corruptionIsNoticed(_ kind: Containers.Compression) throws {
    let data = try Containers.compressed(Self.lines, kind)
    for place in stride(from: 40, to: data.count - 12, by: data.count / 23) {
      var bad = data
      bad[place] ^= 0x10
      #expect(throws: PreprocessError.self, "\(kind) flipped at \(place) of \(data.count)") {
        try read("bad.jsonl", bad)
      }
    }
  }

  @Test func membersOfArchives() throws {
    let members = [
      ("dir/", []), ("dir/one.txt", Array("one\r\n".utf8)), ("b.jsonl", Self.lines),
      ("empty", []),
      ("c.jsonl.zst", try Containers.compressed(Self.lines, .zstd)),
      ("d.md", Array("two".utf8)),
    ]
    let expected = ["one\r\n"] + Self.texts + Self.texts + ["two"]
    let tar = try Containers.tar(members)
    let zip = try Containers.zip(members)
    let archives: [(String, [UInt8])] = [
      ("a.tar", tar), ("a.zip", zip), ("a.tar.gz", try Containers.compressed(tar, .gzip)),
      ("a.tgz", try Containers.compressed(tar, .gzip)),
      ("a.jsonl.zst.tar", tar), ("a.tar.xz", try Containers.compressed(tar, .xz)),
      ("zip.zst", try Containers.compressed(zip, .zstd)),
      ("outer.tar", try Containers.tar([("inner.zip", zip)])),
      ("outer.zip", try Containers.zip([("inner.tar.bz2", Containers.compressed(tar, .bzip2))])),
    ]
    for (name, bytes) in archives {
      let reading = try read(name, bytes)
      #expect(reading.texts == expected, "\(name)")
      #expect(reading.counts.empty == 1, "\(name)")
      #expect(reading.documents[0].place.hasSuffix("dir/one.txt:1:0"), "\(name)")
      #expect(reading.documents[2].place.contains("b.jsonl:2:"), "\(name)")
    }
    let nested = try read("outer.tar", try Containers.tar([("inner.zip", zip)]))
    #expect(nested.documents[0].place == folder.file("outer.tar") + "!inner.zip!dir/one.txt:1:0")
  }

  @Test func encryptedZipIsRefused() throws {
    let zip = try Containers.zip([("a.txt", Array("secret".utf8))], password: "pass")
    let error = #expect(throws: PreprocessError.self) { try read("a.zip", zip) }
    #expect(error.map(String.init(describing:))?.contains("a.zip!a.txt") == true)
    #expect(error.map(String.init(describing:))?.contains("encrypted") == true)
  }

  @Test func damagedZipIsNoticed() throws {
    let zip = try Containers.zip([("a.jsonl", Self.lines), ("b.txt", Array("x".utf8))])
    for cut in [zip.count - 5, zip.count / 2, 200] {
      #expect(throws: PreprocessError.self) { try read("cut.zip", Array(zip[..<cut])) }
    }
    for place in stride(from: 60, to: zip.count / 2, by: 997) {
      var bad = zip
      bad[place] ^= 1
      #expect(throws: PreprocessError.self, "\(place)") { try read("bad.zip", bad) }
    }
    let tar = try Containers.tar([("a.jsonl", Self.lines)])
    #expect(throws: PreprocessError.self) { try read("cut.tar", Array(tar[..<(tar.count / 2)])) }
  }

  @Test(arguments: Containers.Compression.allCases)
  func bytesBehindTheLastStream(_ kind: Containers.Compression) throws {
    let data = try Containers.compressed(Self.lines, kind)
    for count in 1...9 {
      let more = Array("garbage!!".utf8.prefix(count))
      #expect(throws: PreprocessError.self, "\(count) bytes after \(kind)") {
        try read("more.jsonl", data + more)
      }
      #expect(throws: PreprocessError.self, "\(count) bytes between two of \(kind)") {
        try read("between.jsonl", data + more + data)
      }
    }
    for place in 0..<(kind == .gzip ? 3 : 4) {
      var later = data
      later[place] ^= 0x40
      #expect(throws: PreprocessError.self, "byte \(place) of a later header of \(kind)") {
        try read("later.jsonl", data + later)
      }
      #expect(throws: PreprocessError.self, "the same between others") {
        try read("later.jsonl", data + later + data)
      }
    }
    let zeros = [UInt8](repeating: 0, count: 4)
    if kind == .gzip || kind == .xz {
      #expect(try read("zeros.jsonl", data + zeros + data + zeros).texts == Self.texts + Self.texts)
    } else {
      #expect(throws: PreprocessError.self) { try read("zeros.jsonl", data + zeros) }
    }
    // libarchive's writer cannot make an empty frame of lz4.
    let emptyLZ4: [UInt8] = [
      0x04, 0x22, 0x4D, 0x18, 0x64, 0x40, 0xA7, 0, 0, 0, 0, 0x05, 0x5D, 0xCC, 0x02,
    ]
    let empty = try kind == .lz4 ? emptyLZ4 : Containers.compressed([], kind)
    #expect(try read("empty.jsonl", empty).counts.read == 0)
    #expect(try read("empty.jsonl", data + empty).texts == Self.texts)
    #expect(throws: PreprocessError.self) { try read("empty.jsonl", empty + [1]) }
    if kind == .lz4 {
      #expect(throws: PreprocessError.self) { try read("empty.jsonl", empty + data) }
    } else {
      #expect(try read("empty.jsonl", empty + data + empty).texts == Self.texts)
    }
    // The same inside an archive, where the stream is not the file itself.
    let tar = try Containers.tar([("a.jsonl", data + [1]), ("b.jsonl", data)])
    #expect(throws: PreprocessError.self) { try read("a.tar", tar) }
  }

  @Test func joinedTars() throws {
    let one = try Containers.tar([("a.jsonl", Self.lines), ("b.txt", Array("x".utf8))])
    let two = try Containers.tar([("c.txt", Array("y".utf8))])
    let joined = one + two + one
    let expected = Self.texts + ["x", "y"] + Self.texts + ["x"]
    #expect(try read("a.tar", joined).texts == expected)
    #expect(try read("a.tar.gz", Containers.compressed(joined, .gzip)).texts == expected)
    #expect(throws: PreprocessError.self) {
      try read("b.tar", one + [UInt8](repeating: 0x41, count: 1024))
    }
  }

  @Test func joinedZips() throws {
    let one = try Containers.zip([("a.jsonl", Self.lines)])
    let two = try Containers.zip([("b.txt", Array("x".utf8)), ("c.txt", Array("y".utf8))])
    for (name, bytes, byte) in [
      ("joined", one + two, one.count), ("cut", one + two.prefix(60), one.count),
      ("garbage", two + [1], two.count), ("three", one + two + one, one.count + two.count),
    ] {
      let error = #expect(throws: PreprocessError.self, "\(name)") {
        try read("\(name).zip", Array(bytes))
      }
      #expect(
        error.map(String.init(describing:))?.contains("near byte \(byte) ") == true, "\(name)")
    }
    // A comment is part of the archive.
    var commented = two
    commented[two.count - 2] = 4
    #expect(try read("comment.zip", commented + Array("text".utf8)).texts == ["x", "y"])
  }

  @Test func messagesOfCutFiles() throws {
    func message(_ name: String, _ bytes: [UInt8]) throws -> String {
      let error = #expect(throws: PreprocessError.self) { try read(name, bytes) }
      return error.map(String.init(describing:)) ?? ""
    }
    var generator = SeededGenerator(seed: 8)
    let noise = (0..<20_000).map { _ in UInt8.random(in: 0x61...0x7A, using: &generator) }
    let xz = try Containers.compressed(noise, .xz)
    #expect(try message("a.txt.xz", Array(xz[..<8000])).contains("the xz data ends too early"))
    var zip = try Containers.zip([("a.txt", noise)])
    #expect(try message("a.zip", Array(zip[..<8000])).contains("cut short"))
    zip[5000] ^= 1
    let damaged = try message("b.zip", zip)
    #expect(damaged.contains("b.zip!a.txt") && !damaged.contains { $0.isNewline })
    let zstd = try Containers.compressed(noise, .zstd)
    let cut = try message("a.txt.zst", Array(zstd[..<8000]))
    #expect(cut.contains("near byte 8000 ") && cut.contains("the zstd data ends too early"))
    let joined = try message("b.txt.zst", zstd + Array("more text".utf8))
    #expect(joined.contains("what follows is no further compressed data"))
    // A frame whose header asks for a window of 256 MB.
    let wide = try message("c.txt.zst", [0x28, 0xB5, 0x2F, 0xFD, 0, 18 << 3, 1, 0, 0])
    #expect(wide.hasSuffix("unpack it with `zstd -d --long=31` and read what comes out"))
    // Where data are compressed twice, a byte of the file is told, though less of it is used than was read.
    let frames = Array(repeatElement(zstd, count: 40).joined())
    let nested = try Containers.compressed(frames + Array("more text".utf8) + frames, .gzip)
    let inside = try message("d.txt.zst.gz", nested)
    let byte = try #require(inside.firstMatch(of: #/near byte ([0-9]+) /#)?.output.1)
    #expect((1...nested.count).contains(try #require(Int(byte))), "\(inside)")
  }

  @Test func muchOutOfLittle() throws {
    // More comes out than is read at once, after all of the file has gone in.
    let text = [UInt8](repeating: 0x61, count: 3_000_000)
    let zstd = try Containers.compressed(text, .zstd)
    #expect(zstd.count < 1000)
    #expect(try read("a.txt.zst", zstd + zstd).texts == [String(repeating: "a", count: 6_000_000)])
  }

  @Test func textsAndLines() throws {
    let text = Array("line1\r\nline2\rline3\n\r\n".utf8)
    #expect(try read("a.txt", text).texts == ["line1\nline2\nline3\n\n"])
    let zstd = try Containers.compressed(text, .zstd)
    #expect(try read("a.txt.zst", zstd).texts == ["line1\nline2\nline3\n\n"])
    let gzip = try Containers.compressed(text, .gzip)
    for name in ["a.gz", "a.txt.gz"] {
      #expect(try read(name, gzip).texts == ["line1\r\n", "line2\rline3\n", "\r\n"])
    }
    #expect(try read("a.log", text, format: .text).texts == ["line1\nline2\nline3\n\n"])
    #expect(try read("a.log", text, format: .lines).texts.count == 3)
    #expect(throws: PreprocessError.unknownKind(folder.file("a.log"))) { try read("a.log", text) }
    for name in ["a.jsonl.gz", "a.tzst"] {
      for (bytes, what) in [
        ([], "it is empty"), (zstd.dropFirst(), "it does not begin as any does"),
      ] {
        #expect {
          try read(name, Array(bytes))
        } throws: {
          "\($0)".contains(
            "\(name): near byte 0 of the stored file: its name promises compressed data, but \(what)"
          )
        }
      }
    }
    #expect(throws: PreprocessError.self) { try read("a.zst", zstd) }
    let empty = try read("empty.txt", [])
    #expect(empty.counts.empty == 1 && empty.documents.isEmpty)
    let bad = try read("bad.txt", Array("a\nb".utf8) + [0xFF])
    #expect(bad.faults == [folder.file("bad.txt") + ":2:3: bytes that are not UTF-8"])
  }

  @Test func arrays() throws {
    let elements = Self.texts.map { ##" {"text": "\##($0)", "x":[1,{"y":"]"}]}"## }
    let array = Array("[\n\(elements.joined(separator: ",\n"))\n]\n".utf8)
    #expect(try read("a.json", array).texts == Self.texts)
    #expect(try read("a.json", array).documents[5].place.contains(":7:"))
    #expect(try read("a.json.gz", Containers.compressed(array, .gzip)).texts == Self.texts)
    #expect(try read("b.json", Array(#"["a", "b\"]", ""]"#.utf8)).texts == ["a", "b\"]"])
    #expect(try read("c.json", Array("[]".utf8)).counts.read == 0)
    #expect(try read("d.json", Self.lines).texts == Self.texts)
    let mixed = try read("e.json", Array(#"["a", 5, {"text":"b",}, "c"]"#.utf8))
    #expect(mixed.texts == ["a", "c"])
    #expect(mixed.counts.faults == 2)
    for broken in ["[\"a\" \"b\"]", "[\"a\"", "[\"a\"]\n[\"b\"]", "[\"a\",]", "[,]", "[\"a", "[[]"]
    {
      #expect(throws: PreprocessError.self, "\(broken)") { try read("f.json", Array(broken.utf8)) }
    }
  }

  @Test func sizedRecords() throws {
    func record(_ text: String) -> [UInt8] {
      Array((String(repeating: "0", count: 16) + "\(text.utf8.count)").utf8.suffix(16))
        + Array(text.utf8)
    }
    let data = Self.texts.flatMap(record)
    let reading = try read("a.dat.zst", Containers.compressed(data, .zstd))
    #expect(reading.texts == Self.texts)
    for broken in [Array(data.dropLast()), data + [0x0A], data + record("x").dropLast()] {
      #expect(throws: PreprocessError.self) {
        try read("b.dat.zst", Containers.compressed(broken, .zstd))
      }
    }
  }
}
