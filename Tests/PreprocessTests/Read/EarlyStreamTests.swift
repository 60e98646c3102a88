import Foundation
import TestSupport
import Testing

@testable import Preprocess

@Suite("Inputs that are read before they are wanted")
struct EarlyStreamTests {
  let folder: TemporaryFolder
  static let lines = (0..<2000).map { #"{"text":"line \#($0) of many"}"# + "\n" }

  init() throws {
    folder = try TemporaryFolder()
  }

  private func options(_ list: InputList, begins: Int?) -> ReadingOptions {
    var options = ReadingOptions.testing()
    options.readsAhead = true
    if let begins {
      options.early = EarlyStream(list.entries[begins])
      #expect(options.early != nil)
    }
    return options
  }

  @Test("the same documents, positions and lines", arguments: Containers.Compression.allCases)
  func same(_ kind: Containers.Compression) throws {
    let half = Self.lines.count / 2
    for (name, lines) in [("a", Self.lines[..<half]), ("b", Self.lines[half...])] {
      let data = try Containers.compressed(Array(lines.joined().utf8), kind)
      try folder.write("\(name).jsonl", data)
    }
    let list = try InputList([folder.file("a.jsonl"), folder.file("b.jsonl")])
    let plain = try Reading(list, options(list, begins: nil))
    #expect(plain.documents.count == Self.lines.count)
    for begins in [0, 1] {
      #expect(try Reading(list, options(list, begins: begins)) == plain)
    }
    // Whoever reads another input ends what was begun.
    let begun = options(list, begins: 0)
    let last = try #require(plain.positions.first { $0.input == 1 })
    _ = try Reading(list, begun, from: last)
    #expect(begun.early?.take(list.entries[0]) == nil)
    // From the middle of the first on.
    let position = plain.positions[plain.positions.count / 3]
    let rest = try Reading(list, options(list, begins: nil), from: position)
    #expect(rest.documents.count < plain.documents.count)
    #expect(try Reading(list, options(list, begins: 0), from: position) == rest)
  }

  @Test("members of a compressed archive")
  func archive() throws {
    let bytes = Array(Self.lines.joined().utf8)
    let tar = try Containers.tar([("one.jsonl", bytes), ("two.jsonl", bytes)])
    try folder.write("a.tar.zst", Containers.compressed(tar, .zstd))
    let list = try InputList([folder.file("a.tar.zst")])
    let reading = try Reading(list, options(list, begins: 0))
    #expect(reading.documents.count == 2 * Self.lines.count)
    #expect(try Reading(list, options(list, begins: nil)) == reading)
  }

  @Test("damage is reported as it would be later")
  func damage() throws {
    let data = try Containers.compressed(Array(Self.lines.joined().utf8), .gzip)
    try folder.write("cut.jsonl.gz", Array(data[..<(data.count - 9)]))
    let list = try InputList([folder.file("cut.jsonl.gz")])
    var messages: [String] = []
    for begins in [nil, 0] {
      do {
        _ = try Reading(list, options(list, begins: begins))
        Issue.record("a cut file is an error")
      } catch {
        messages.append("\(error)")
      }
    }
    #expect(messages.count == 2 && messages[0] == messages[1])
  }

  @Test("nothing is begun of files without compression, and of none")
  func others() throws {
    let bytes = Array(Self.lines.joined().utf8)
    for (name, data) in [
      ("a.jsonl", bytes), ("b.tar", try Containers.tar([("a", bytes)])),
      ("c.zip", try Containers.zip([("a", bytes)])), ("d.jsonl", []),
      ("gone.gz", try Containers.compressed(bytes, .gzip)),
    ] {
      let path = try folder.write(name, data)
      let list = try InputList([path])
      if name == "gone.gz" { try FileManager.default.removeItem(atPath: path) }
      #expect(EarlyStream(list.entries[0]) == nil, "\(name)")
    }
  }
}
