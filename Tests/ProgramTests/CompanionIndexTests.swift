import Foundation
import TestSupport
import Testing

/// Indexes and manifests of companions, where no manifest of the run tells of them.
struct CompanionIndexTests {
  let fixture: PreprocessFixture

  init() throws {
    fixture = try PreprocessFixture(rewardedChats: ["a", "cc", "a"])
  }

  private func index(_ words: String...) throws -> ProgramRun { try fixture.index(words) }

  @Test("a wrong pointer of labels is found", arguments: [[], ["--deep"]])
  func wrongPointer(flags: [String]) throws {
    try FileManager.default.removeItem(atPath: fixture.folder.file("o_manifest.json"))
    let text = fixture.folder.file("o_conversation_document")
    #expect(try IndexProgramTests.program.run(["verify", text] + flags).status == 0)
    let name = "o_conversation_label_document.idx"
    var bytes = try fixture.folder.read(name)
    bytes[34 + 3 * 4 + 8] ^= 4
    try fixture.folder.write(name, bytes)
    let found = try IndexProgramTests.program.run(["verify", text] + flags)
    #expect(found.status == 1, "\(found.all)")
    #expect(found.output.contains("\(name): byte 54: pointer of sequence 1"), "\(found.all)")
    #expect(found.output.contains("labels, 1 problem"), "\(found.all)")
  }

  @Test("the manifest of labels is used where that of the text does not know them")
  func ownManifest() throws {
    let made = try index(
      "dedupe", "--exact", "@o_conversation_document", "-o", "@u_conversation_document")
    #expect(made.status == 0, "\(made.all)")
    #expect(try index("verify", "@u_conversation_document").status == 0)
    // What the hash of an index is about matters more than its digits.
    let name = "u_conversation_label_document_manifest.json"
    let manifest = String(decoding: try fixture.folder.read(name), as: UTF8.self)
    let place = try #require(manifest.range(of: "u_conversation_label_document.idx"))
    let hash = try #require(
      manifest.range(of: "xxh64:", range: place.upperBound..<manifest.endIndex))
    let digit = manifest[hash.upperBound]
    try fixture.folder.write(
      name,
      Array(
        manifest.replacingCharacters(
          in: hash.upperBound..<manifest.index(after: hash.upperBound),
          with: digit == "0" ? "1" : "0"
        ).utf8))
    let found = try index("verify", "@u_conversation_document")
    #expect(found.status == 1, "\(found.all)")
    #expect(
      found.output.contains("u_conversation_label_document.idx: content hash"), "\(found.all)")
  }
}
