import Foundation
import FoundationXML
import IndexedData
import TestSupport
import Testing

/// `neox-index stats` and `report`.
@Suite("neox-index stats and report")
struct ReportProgramTests {
  let fixture: StepFixture
  static let bytes = ["--tokenizer-type", "CharLevelTokenizer"]

  init() throws { fixture = try StepFixture() }

  private func report(_ words: [String], _ name: String = "r.html") throws -> ProgramRun {
    try fixture.run(["report", "-o", fixture.folder.file(name)] + words)
  }

  /// A page that was read by a parser of XML.
  private func page(_ name: String = "r.html") throws -> XMLDocument {
    try XMLDocument(
      data: Data(try fixture.folder.read(name)), options: [.nodePreserveWhitespace])
  }

  // MARK: - Stats

  @Test("tokens, lengths, labels and ends are counted")
  func stats() throws {
    let texts = ["aab", "abcd", "a", "bbbbbbbb"]
    let prefix = try fixture.write(
      "t_text_document",
      ids: texts.enumerated().map { place, text in
        text.utf8.map { Int64($0) } + (place == 2 ? [] : [0])
      })
    try fixture.write(
      "t_text_label_document",
      ids: texts.enumerated().map { place, text in
        text.utf8.map { place == 1 ? -100 : Int64($0) } + (place == 2 ? [] : [-100])
      })
    let run = try fixture.run(["stats", prefix, "--json"] + Self.bytes)
    let value = try #require(
      try JSONSerialization.jsonObject(with: Data(run.output.utf8)) as? [String: Any],
      "\(run.all)")
    #expect(value.integer("documents") == 4 && value.integer("tokens") == 19)
    #expect(value.integer("distinct_tokens") == 5 && value.integer("largest_id") == 100)
    let length = try #require(value["length"] as? [String: Any])
    #expect(length.integer("min") == 1 && length.integer("p50") == 4)
    #expect(length.integer("max") == 9 && length["mean"] as? Double == 4.75)
    let labels = try #require(value["supervision"] as? [String: Any])
    #expect(labels.integer("trained") == 12 && labels.integer("masked") == 7)
    #expect(labels["first_untrained"] as? [Int] == [1])
    let end = try #require(value["end_of_document"] as? [String: Any])
    #expect(end.integer("ended") == 3 && end["first_lacking"] as? [Int] == [2])
    let top = try #require(value["most_frequent"] as? [[String: Any]])
    #expect(top.map { $0["text"] as? String } == ["b", "a", "\\x00", "c", "d"])
    #expect(top.map { $0.integer("count") } == [10, 4, 3, 1, 1])
    let text = try fixture.run(["stats", prefix, "--workers", "1", "-n", "1"] + Self.bytes)
    #expect(text.output.contains("1 document lacks it, first: 2\n"), "\(text.all)")
    #expect(text.output.contains("12 tokens trained (63.2%), 7 masked\n"))
    #expect(text.output.hasSuffix("98     10  52.63%  52.6%  \"b\"\n"))
    let several = try fixture.run(["stats", prefix, prefix, "--json"])
    #expect(several.output.hasPrefix("[\n"), "\(several.all)")
  }

  @Test("what cannot be counted is explained")
  func faults() throws {
    let prefix = try fixture.write("t_text_document", ["abc", "de"])
    let none = try fixture.run(["stats", fixture.folder.file("none")])
    #expect(none.status == 1 && none.errors.contains("none.idx"), "\(none.all)")
    let other = try fixture.write("l", ["abc", "dex"])
    for command in [["stats"], ["report", "-o", fixture.folder.file("r.html")]] {
      let run = try fixture.run(command + [prefix, "--label-dataset", other])
      #expect(run.status == 1 && run.errors.contains("document 1 has not as many labels"))
      let two = try fixture.run(command + [prefix, prefix, "--label-dataset", other])
      #expect(two.status == 2 && two.errors.contains("belongs to one dataset"), "\(two.all)")
    }
    // Labels that were cut.
    let label = try fixture.write("t_text_label_document", ["abc", "de"])
    try fixture.folder.write("t_text_label_document.bin", [1, 0, 0, 0])
    let cut = try fixture.run(["stats", prefix])
    #expect(cut.status == 1 && cut.errors.contains(label), "\(cut.all)")
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: fixture.folder.path)
        .allSatisfy { !$0.hasPrefix("r.html") })
  }

  // MARK: - Report

  @Test("nothing of the data becomes a part of the page")
  func hostile() throws {
    let hostile =
      Array("<script>alert(1)</script> &amp; ]]> \"'--> <b onclick='x'>\u{202E}\u{FFFF}\u{85}".utf8)
      + [0xFF, 0xC3, 0x1B, 0x07, 0x00]
    let prefix = try fixture.write(
      "a<b&'c_text_document", ids: [hostile.map { Int64($0) }, [104, 105, 70_000, 0]])
    let run = try report([prefix] + Self.bytes)
    #expect(run.status == 0, "\(run.all)")
    let page = try page()
    let names = Set(try page.nodes(forXPath: "//*").compactMap(\.localName))
    #expect(names.isDisjoint(with: ["script", "b onclick", "img", "iframe", "link", "object"]))
    #expect(try page.nodes(forXPath: "//@onclick | //@href | //@src").isEmpty)
    let text = try #require(page.rootElement()?.stringValue)
    #expect(text.contains("<script>alert(1)</script> &amp; ]]> \"'--> <b onclick='x'>"))
    #expect(text.contains("\\u{202E}\\u{FFFF}\\u{85}\\xFF\\xC3\\x1B\\x07"))
    #expect(text.contains("a<b&'c_text_document") && text.contains("hi<id 70000?>"))
    let source = String(decoding: try fixture.folder.read("r.html"), as: UTF8.self)
    #expect(!source.contains("\u{202E}") && !source.contains("http-equiv=\"refresh"))
    let addresses = source.matches(of: #/https?://[^"]*/#).map { String($0.output) }
    #expect(
      Set(addresses) == ["http://www.w3.org/1999/xhtml", "http://www.w3.org/2000/svg"])
  }

  @Test("the page has the numbers of the data, whatever the threads")
  func numbers() throws {
    let a = try fixture.writeWords("a", 300, seed: 5)
    let b = try fixture.writeWords("b", 100, seed: 6)
    #expect(try report([a, b, "--workers", "1"] + Self.bytes).status == 0)
    let page = try page()
    func rows(_ path: String) throws -> [[String]] {
      try page.nodes(forXPath: path).map { row in
        (row.children ?? []).filter { $0.kind == .element }.compactMap(\.stringValue)
      }
    }
    let side = try rows("(//*[local-name()='table'])[1]//*[local-name()='tr']")
    #expect(side.count == 3 && side[1].prefix(2) == ["a", "300"] && side[2][1] == "100")
    // Each histogram has all documents.
    let tables = try page.nodes(forXPath: "//*[local-name()='details']//*[local-name()='table']")
    #expect(tables.count == 4)
    let bins = try tables[0].nodes(forXPath: ".//*[local-name()='tbody']/*/*[2]")
    #expect(bins.compactMap { Int($0.stringValue ?? "") }.reduce(0, +) == 300)
    // As many bars as bins, in both sizes of the picture.
    let bars = try page.nodes(
      forXPath: "(//*[local-name()='section'])[2]//*[local-name()='rect'][@class='bar']")
    #expect(bars.count == 2 * bins.count)
    let dataset = try IndexedDataset(prefix: a)
    let tokens = try (0..<300).flatMap { try dataset.tokens(of: $0) }
    let counts = Dictionary(tokens.map { ($0, 1) }, uniquingKeysWith: +)
    let frequent = try rows(
      "(//*[local-name()='table'][@class='tokens'])[1]/*[local-name()='tbody']/*")
    for row in frequent {
      let id = try #require(Int64(row[1]))
      #expect(row[3].replacing(",", with: "") == "\(counts[id] ?? 0)")
    }
    #expect(frequent.count == counts.count)
    // Each picture is told in words, and closed elements are all there is.
    let pictures = try page.nodes(forXPath: "//*[local-name()='svg']")
    #expect(pictures.count == 8)
    #expect(
      try page.nodes(forXPath: "//*[local-name()='svg'][@role='img'][@aria-label!='']").count == 8)
    #expect(try report([a, b, "--workers", "3"] + Self.bytes, "s.html").status == 0)
    #expect(try fixture.folder.read("r.html") == fixture.folder.read("s.html"))
  }

  @Test("the data of a run: splits, weights asked and realised, and its first rows")
  func run() throws {
    let a = try fixture.writeWords("a", 40, seed: 1)
    let b = try fixture.writeWords("b", 30, seed: 2)
    let lists = StepFixture.lists("*_data_paths", [a, b])
    let file = try fixture.configuration(lists.merging(["train_data_weights": [1, 3]]) { $1 })
    let run = try report(["--config", file])
    #expect(run.status == 0, "\(run.all)")
    let page = try page()
    let cells = try page.nodes(
      forXPath: "//*[local-name()='section'][2]//*[local-name()='tbody']/*"
    ).map {
      ($0.children ?? []).filter { $0.kind == .element }.compactMap(\.stringValue)
    }
    // 6 steps of 2 micro batches of 2 rows.
    #expect(cells.map { $0[0] } == ["a", "b"] && cells.map { $0[1] } == ["25.00%", "75.00%"])
    #expect(cells.map { $0[4] } == ["40", "30"] && cells.map { $0[6] } == ["6", "18"])
    let text = try #require(page.rootElement()?.stringValue)
    #expect(text.contains("What the first step sees") && text.contains("16 of 16 predictions"))
    let batch = try fixture.run(["batch", "--config", file, "--step", "1", "--json"])
    let first = try JSONSerialization.jsonObject(
      with: Data(try #require(batch.output.split(separator: "\n").first).utf8))
    let tokens = try #require((first as? [String: Any])?["tokens"] as? [[Int]])
    let row = String(decoding: tokens[0].map { UInt8($0) }, as: UTF8.self)
      .replacing("\0", with: "\\x00")
    #expect(text.contains(row), "\(row)")
  }

  @Test("padding is told apart, and what is masked")
  func padding() throws {
    let text = try fixture.write("chat", ["Q? Yes", "How are you? Ok"])
    let labels = try fixture.write(
      "labels",
      ids: [[-100, -100, -100, 89, 101, 115, 0], [Int64](repeating: -100, count: 14) + [107, 0]])
    var keys: [String: Any] = ["pack_impl": "unpacked", "train_iters": 1, "eval_iters": 0]
    keys.merge(StepFixture.lists("*_data_paths", [text])) { $1 }
    keys.merge(StepFixture.lists("*_label_data_paths", [labels])) { $1 }
    let run = try report(["--config", try fixture.configuration(keys)])
    #expect(run.status == 0, "\(run.all)")
    let page = try page()
    func spans(_ kind: String) throws -> [String] {
      try page.nodes(
        forXPath: "//*[local-name()='article']//*[local-name()='span'][@class='\(kind)']"
      ).compactMap(\.stringValue)
    }
    #expect(try spans("padding").contains("padding × 8"))
    #expect(try spans("trained").contains("Yes\\x00") && spans("masked").contains("Q? "))
  }

  @Test("nothing is replaced unasked")
  func overwriting() throws {
    let prefix = try fixture.write("t", ["abc", "de"])
    #expect(try report([prefix]).status == 0)
    let first = try fixture.folder.read("r.html")
    let again = try report([prefix, "-n", "0"])
    #expect(again.status == 1 && again.errors.contains("exists already"), "\(again.all)")
    #expect(try fixture.folder.read("r.html") == first)
    #expect(try report([prefix, "-n", "0", "--overwrite"]).status == 0)
    #expect(try fixture.folder.read("r.html") != first)
    let input = try fixture.run(["report", prefix, "-o", prefix + ".bin", "--overwrite"])
    #expect(input.status == 1 && input.errors.contains("is an input"), "\(input.all)")
    let standard = try fixture.run(["report", prefix, "-o", "-"])
    #expect(Array(standard.output.utf8) == first)
    #expect(try report([]).status == 2)
    #expect(try report([prefix, "--config", "c.yml"]).status == 2)
    #expect(try report([prefix, "--world-size", "2"]).status == 2)
    #expect(try fixture.run(["report", prefix]).status == 2)
  }

  @Test("datasets without anything to draw have a page too")
  func littleData() throws {
    let empty = try fixture.write("e", ids: [])
    let blank = try fixture.write("b", ids: [[], []])
    let single = try fixture.write("s", ids: [[Int64](repeating: 5, count: 100_000)])
    for prefix in [empty, blank, single] {
      #expect(try fixture.run(["stats", prefix]).status == 0)
      let run = try report([prefix, "--overwrite"])
      #expect(run.status == 0, "\(run.all)")
      _ = try page()
    }
    let source = String(decoding: try fixture.folder.read("r.html"), as: UTF8.self)
    #expect(!source.contains("nan") && !source.contains("inf\""))
  }
}
