import Foundation
import Preprocess
import TestSupport
import Testing

@Suite struct JSONLinesTests {
  /// What a file of one kind of line gives.
  struct Case: CustomTestStringConvertible {
    var line: String
    var text: String?
    var fault: String?
    var testDescription: String { line }
  }

  static let cases: [Case] = [
    Case(line: #"{"text":"Hello"}"#, text: "Hello"),
    Case(line: #""bare""#, text: "bare"),
    Case(line: #"{"text":["a","b"]}"#, text: "a\n\nb"),
    Case(line: #"{"text":["",""]}"#, text: "\n\n"),
    Case(line: #"{"text":"a","text":"b"}"#, text: "b"),
    Case(line: #"{"text":7,"text":"b"}"#, text: "b"),
    Case(line: #"{"te\u0078t":"a"}"#, text: "a"),
    Case(line: #"{"text":"\u0000\ud83d\ude00\n"}"#, text: "\0😀\n"),
    Case(line: "{\"text\":\"a\tb\"}", text: "a\tb"),
    Case(line: "\u{FEFF}{\"text\":\"a\"}", text: "a"),
    Case(line: "\u{1E}{\"text\":\"a\"}", text: "a"),
    Case(line: "{\"text\":\"a\"}\r", text: "a"),
    Case(line: #"{"text":"a","n":123456789012345678901234567890}"#, text: "a"),
    Case(line: #"{"text":"a","n":[NaN,Infinity,-Infinity,1e999,-0]}"#, text: "a"),
    Case(line: #"{"text":"a","meta":"\ud800"}"#, text: "a"),
    Case(line: #"{"meta":{"text":1},"text":"a"}"#, text: "a"),
    Case(line: #"{"text":""}"#),
    Case(line: #"{"text":null}"#),
    Case(line: #"{"text":0}"#),
    Case(line: #"{"text":-0.0e5}"#),
    Case(line: #"{"text":false}"#),
    Case(line: #"{"text":[]}"#),
    Case(line: #"{"text":[""]}"#),
    Case(line: #"{"text":{}}"#),
    Case(line: #""""#),
    Case(line: "", fault: "2:17: the line is blank"),
    Case(line: "  ", fault: "2:19: the line is blank"),
    Case(line: "null", fault: "2:17: null, true, false or 0 where an object was expected"),
    Case(line: "[]", fault: "2:17: a list where an object was expected"),
    Case(line: "12", fault: "2:17: a number where an object was expected"),
    Case(line: "{}", fault: #"2:17: the object has no member "text""#),
    Case(
      line: #"{"txt":"a"}"#, fault: #"2:17: the object has no member "text"; it has "txt""#),
    Case(
      line: #"{"b":{"c":1},"\u00e9":2,"d":[],"e":0,"f":0,"g":0}"#,
      fault: #"2:17: the object has no member "text"; it has "b", "é", "d", "e", "f" and others"#),
    Case(line: #"{"text":1}"#, fault: "2:25: a number where text was expected"),
    Case(line: #"{"text":true}"#, fault: "2:25: 'true' where text was expected"),
    Case(line: #"{"text":{"a":1}}"#, fault: "2:25: an object where text was expected"),
    Case(
      line: #"{"text":["a",2]}"#, fault: "2:30: a list with an element that is not a string"),
    Case(
      line: #"{"text":"a\ud800"}"#,
      fault: "2:27: an escape of half a surrogate pair, which is no character"),
    Case(
      line: #"{"text":"\udc00a"}"#,
      fault: "2:26: an escape of half a surrogate pair, which is no character"),
    Case(
      line: #"{"text":["a","\ud83dx"]}"#,
      fault: "2:31: an escape of half a surrogate pair, which is no character"),
    Case(
      line: #"{"text":"a"}{"text":"b"}"#, fault: "2:29: '{' after the end of the JSON value"),
    Case(line: #"{"text":"a"},"#, fault: "2:29: ',' after the end of the JSON value"),
    Case(line: #"{"text":"a",}"#, fault: "2:29: '}' where the name of a member was expected"),
    Case(line: #"{"text":["a",]}"#, fault: "2:30: ']' where a JSON value was expected"),
    Case(line: "{\"text\":\"a\0b\"}", fault: "2:27: a NUL byte inside a string"),
    Case(line: #"{"text":"a"#, fault: "2:27: the record ends inside a string"),
    Case(line: #"{"text":"a""#, fault: "2:28: the record ends too early"),
    Case(line: #"{"text":"\x"}"#, fault: "2:27: 'x' after a backslash"),
    Case(
      line: #"{"text":"\u00g0"}"#,
      fault: "2:30: 'g' where one of four hexadecimal digits was expected"),
    Case(line: #"{"text":"a","n":01}"#, fault: "2:34: a number that begins with 0"),
    Case(line: #"{"text":"a","n":1.}"#, fault: "2:35: '}' where a digit was expected"),
    Case(line: #"{"text":nul}"#, fault: "2:28: '}' inside 'null'"),
    Case(line: "not json", fault: "2:18: 'o' inside 'null'"),
  ]

  @Test(arguments: cases) func line(_ one: Case) throws {
    let folder = try TemporaryFolder()
    let before = "{\"text\":\"first\"}\n"
    let file = before + one.line + "\n{\"text\":\"last\"}"
    let path = try folder.write("a.jsonl", Array(file.utf8))
    let reading = try Reading(path)
    #expect(reading.texts == ["first"] + (one.text.map { [$0] } ?? []) + ["last"])
    #expect(reading.faults == (one.fault.map { ["\(path):\($0)"] } ?? []))
    #expect(reading.counts.read == 3)
    #expect(reading.counts.empty == (one.text == nil && one.fault == nil ? 1 : 0))
    #expect(reading.quarantined == (one.fault == nil ? [] : [Array(one.line.utf8)]))
    #expect(
      reading.documents.last?.place == "\(path):3:\(before.utf8.count + one.line.utf8.count + 1)")
  }

  @Test func invalidUTF8() throws {
    let folder = try TemporaryFolder()
    let line = Array(#"{"text":"ab"#.utf8) + [0xED, 0xA0, 0x80] + Array(#""}"#.utf8)
    let path = try folder.write("a.jsonl", line)
    #expect(try Reading(path).faults == ["\(path):1:12: bytes that are not UTF-8"])
  }

  @Test(arguments: [false, true])
  func aRecordThatIsCutOffIsToldAsSuch(isLong: Bool) throws {
    let folder = try TemporaryFolder()
    let text = String(repeating: "x ", count: isLong ? 3000 : 3)
    let options = isLong ? ReadingOptions.testing(itemBytes: 512, recordLimit: 1024) : .testing()
    for (record, reason) in [
      ("{\"text\":\"\(text)", "ends inside a string"), ("{\"text\":\"\(text)\"", "ends too early"),
    ] {
      let path = try folder.write("a.jsonl", Array(("\"first\"\n" + record).utf8))
      let cut = try Reading(path, options: options)
      #expect(cut.texts == ["first"])
      #expect(
        cut.faults == [
          "\(path):2:\(8 + record.utf8.count): the record \(reason), and the input with it: it seems "
            + "to be cut off, so make or fetch it again"
        ])
      try folder.write("a.jsonl", Array((record + "\n\"last\"").utf8))
      let inner = try Reading(path, options: options)
      #expect(inner.faults.count == 1 && inner.faults.first?.hasSuffix(reason) == true)
    }
  }

  @Test func depthIsLimitedWithoutRecursion() throws {
    let folder = try TemporaryFolder()
    func nested(_ depth: Int) -> String {
      let open = String(repeating: "[", count: depth - 1)
      let close = String(repeating: "]", count: depth - 1)
      return #"{"text":"a","deep":\#(open)\#(close)}"# + "\n"
    }
    let path = try folder.write("a.jsonl", Array((nested(1024) + nested(1025)).utf8))
    let deep = try folder.write("b.jsonl", Array(nested(100_000).utf8))
    let reading = try Reading(path)
    #expect(reading.texts == ["a"])
    #expect(reading.faults.count == 1)
    #expect(try Reading(deep).faults.first?.hasSuffix("inside one another") == true)
  }

  @Test func severalKeysAreReadTogetherOrNotAtAll() throws {
    let folder = try TemporaryFolder()
    let lines = [
      #"{"a":"1","b":"2"}"#, #"{"a":"","b":"x"}"#, #"{"a":"","b":null}"#, #"{"a":"1"}"#,
      #"{"b":"4","a":["3","3"]}"#, #""bare""#,
    ]
    let path = try folder.write("a.jsonl", Array(lines.joined(separator: "\n").utf8))
    let reading = try Reading(path, options: .testing(keys: ["a", "b"]))
    #expect(reading.documents.map(\.texts) == [["1", "2"], ["", "x"], ["3\n\n3", "4"]])
    #expect(reading.counts.empty == 1)
    #expect(
      reading.faults == [
        "\(path):4:53: the object has no member \"b\"; it has \"a\"",
        "\(path):6:87: a string where an object was expected",
      ])
  }

  @Test func blankLinesCanBeSkipped() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write("a.jsonl", Array("\"a\"\n\n \r\n\"b\"\n\n".utf8))
    var options = ReadingOptions.testing()
    #expect(try Reading(path, options: options).faults.count == 3)
    options.skipsBlankLines = true
    let reading = try Reading(path, options: options)
    #expect(reading.faults.isEmpty)
    #expect(reading.counts.read == 2)
    #expect(reading.documents.map(\.place) == ["\(path):1:0", "\(path):4:8"])
  }
}
