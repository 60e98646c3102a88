import Foundation
import TestSupport
import Testing

@testable import Preprocess

@Suite("Members of records as they are stored")
struct MemberScanTests {
  /// What is found where the record comes in pieces of some size.
  private func found(_ record: String, name: String = "id", piece: Int) -> String? {
    let scan = MemberScan(name: name, limit: 1000)
    let bytes = Array(record.utf8)
    for start in stride(from: 0, to: bytes.count, by: piece) {
      unsafe Array(bytes[start..<min(start + piece, bytes.count)]).withUnsafeBytes {
        unsafe scan.feed($0)
      }
    }
    var value: [UInt8] = []
    return scan.appendValue(to: &value) ? String(decoding: value, as: UTF8.self) : nil
  }

  @Test(
    "the last member of the name on the outside counts",
    arguments: [
      (#"{"id":"a"}"#, "a"), (#" { "x" : {"id":"b"} , "id" : 12.50e3 }"#, "12.50e3"),
      (#"{"id":"a\"\\","x":1}"#, #"a"\"#),
      (#"{"id":"a","id":["]",{"id":"}"}]}"#, #"["]",{"id":"}"}]"#),
      (#"{"i\u0064":"é","y":"id"}"#, "é"), (#"{"x":"\\","id":true}"#, "true"),
      (#"{"x":"id","z":["id"]}"#, nil), (#"{"id":null}"#, nil), (#"["id"]"#, nil), (#""id""#, nil),
      ("\u{FEFF}{\"id\":\"\"}", ""), ("{}", nil), (#"{"idx":1,"ids":2}"#, nil),
    ] as [(String, String?)])
  func table(record: String, expected: String?) {
    for piece in 1...12 {
      #expect(found(record, piece: piece) == expected, "\(record) in pieces of \(piece)")
    }
  }

  @Test("random records agree with Foundation's parser")
  func random() throws {
    var random = SeededGenerator(seed: 31)
    let texts = ["", "\"", "\\", "\\\"", "a\\\\\"b", "{id}", "é\n", "id"]
    for _ in 0..<400 {
      var record: [String: Any] = [:]
      for _ in 0..<Int.random(in: 0..<5, using: &random) {
        let name = ["id", "id\"", "text", "x"].randomElement(using: &random) ?? ""
        let text =
          (texts.randomElement(using: &random) ?? "") + (texts.randomElement(using: &random) ?? "")
        record[name] =
          Bool.random(using: &random) && name != "id" ? [text: [text, ["id": text]]] : text
      }
      let json = String(
        decoding: try JSONSerialization.data(withJSONObject: record), as: UTF8.self)
      let piece = Int.random(in: 1...30, using: &random)
      #expect(found(json, piece: piece) == record["id"] as? String, "seed 31: \(json)")
    }
  }

  @Test("of values that are too long nothing is kept")
  func long() {
    let scan = MemberScan(name: "id", limit: 10)
    for (text, isTooLong) in [("12345678", false), ("123456789", true)] {
      scan.reset()
      let record = Array("{\"id\":\"\(text)\"}".utf8)
      unsafe record.withUnsafeBytes { unsafe scan.feed($0) }
      #expect(scan.isTooLong == isTooLong)
    }
  }
}
