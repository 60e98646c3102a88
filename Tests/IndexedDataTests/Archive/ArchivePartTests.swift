import Machine
import TestSupport
import Testing

@testable import IndexedData

@Suite("Parts of archives")
struct ArchivePartTests {
  private func bytes(_ buffer: borrowing ByteBuffer) -> [UInt8] {
    let count = buffer.count
    return (0..<count).map { buffer.bytes.loadNumber(at: $0, UInt8.self) }
  }

  @Test("filters are undone", arguments: [BlockFilter.Width.two, .four, .eight])
  func filters(width: BlockFilter.Width) {
    var random = SeededGenerator(seed: 11)
    for count in Array(0...40) + [1000, 4097] {
      let original = (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
      for filter in [BlockFilter.none, .planes(width), .differences(width)] {
        var filtered = ByteBuffer()
        unsafe filter.apply(original.span.bytes, to: &filtered)
        var back = ByteBuffer()
        filter.undo(filtered.bytes, to: &back)
        #expect(bytes(back) == original)
      }
    }
  }

  @Test("filters move bytes as the format says")
  func filteredBytes() {
    let numbers: [UInt8] = [0x34, 0x12, 0x33, 0x13, 0x00, 0x00, 0x99]
    var planes = ByteBuffer()
    unsafe BlockFilter.planes(.two).apply(numbers.span.bytes, to: &planes)
    #expect(bytes(planes) == [0x34, 0x33, 0x00, 0x12, 0x13, 0x00, 0x99])
    // 0x1234, 0x1333 − 0x1234 = 0x00FF, 0 − 0x1333 = 0xECCD.
    var differences = ByteBuffer()
    unsafe BlockFilter.differences(.two).apply(numbers.span.bytes, to: &differences)
    #expect(bytes(differences) == [0x34, 0xFF, 0xCD, 0x12, 0x00, 0xEC, 0x99])
  }

  @Test(
    "names follow from the dataset's",
    arguments: [
      ("o_text_document.bin", "", ".bin", "x_document.bin"),
      ("o_text_document_base_key.json", "", "_base_key.json", "x_document_base_key.json"),
      ("o_text_label_document.idx", "_document", "_label_document.idx", "x_label_document.idx"),
      ("o_manifest.json", "_text_document", "_manifest.json", nil),
    ])
  func names(file: String, replaced: String, ending: String, renamed: String?) throws {
    let name = try #require(MemberName(of: file, dataset: "o_text_document"))
    #expect(name == MemberName(knownReplaced: replaced, ending: ending))
    #expect(name.path(of: "d/o_text_document") == "d/" + file)
    #expect(name.path(of: "d/x_document") == renamed.map { "d/" + $0 })
  }

  @Test("names that share nothing with the dataset's", arguments: ["p_manifest.json", "_x", "o"])
  func strangers(file: String) {
    #expect(MemberName(of: file, dataset: "o_text_document") == nil)
  }
}
