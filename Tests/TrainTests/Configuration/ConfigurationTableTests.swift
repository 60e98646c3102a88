import Foundation
import TestSupport
import Testing

@testable import Train

@Suite("The table of arguments")
struct ConfigurationTableTests {
  private static let rows = ConfigurationTable.groups.flatMap(\.keys)

  @Test("it has GPT-NeoX's 318 arguments, each once")
  func complete() {
    #expect(Self.rows.count == 318)
    #expect(Set(Self.rows.map(\.name)).count == 318)
  }

  @Test("every row is filled in, and its default is one of its values")
  func rows() {
    for key in Self.rows + ConfigurationTable.own.keys {
      #expect(!key.meaning.isEmpty && !key.meaning.hasSuffix("."), "\(key.name)")
      #expect(key.name.allSatisfy { $0.isLowercase || $0.isNumber || $0 == "_" }, "\(key.name)")
      guard !key.fallback.isNull else { continue }
      let value = KeyCheck.converted(key.fallback, to: key.kind)
      #expect(value?.isSame(as: key.fallback) == true, "\(key.name)")
      if !key.choices.isEmpty, case .string(let text) = key.fallback {
        #expect(key.choices.contains(text), "\(key.name)")
      }
    }
  }

  @Test("the page of arguments is what the table says")
  func page() throws {
    let page = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent()
      .appending(path: "Documentation/arguments.md")
    let text = try String(contentsOf: page, encoding: .utf8)
    #expect(
      text == ConfigurationTable.markdown, "print it anew: neox-train arguments > \(page.path())")
  }

  @Test(
    "names, defaults and choices are those of the specification",
    .enabled(if: SharedMaterial.isPresent, Comment(rawValue: SharedMaterial.absent)))
  func specification() throws {
    let text = try String(
      contentsOfFile: SharedMaterial.path("spec/config.md"), encoding: .utf8)
    let start = try #require(text.range(of: "### 12.1 "))
    let end = try #require(text.range(of: "### 12.13"))
    var seen = 0
    for line in text[start.lowerBound..<end.lowerBound].split(separator: "\n") {
      let cells = String(line).replacing("\\|", with: "/").split(
        separator: "|", omittingEmptySubsequences: false
      ).map { $0.trimmingCharacters(in: .whitespaces) }
      guard cells.count >= 8, let key = ConfigurationTable.keys[cells[1]] else { continue }
      seen += 1
      let fallback = cells[3].trimmingCharacters(in: ["`", "'", "\""])
      let ours =
        switch key.fallback {
        case .number(let value): plain(value)
        case .string("\n"): "\\n"
        case .string(let text): text
        default: key.fallback.spelling
        }
      let isEqual =
        ours == fallback || Double(fallback).map { plain($0) == ours } == true
        || ours == fallback.replacing("/", with: "|")
        || key.name == "git_hash"
      #expect(isEqual, "\(key.name): \(ours), but \(fallback)")
      let choices = cells[4].split(separator: " ").map { $0.trimmingCharacters(in: ["`"]) }
      let known = ["launcher", "text_gen_type"].contains(key.name)
      #expect(choices == key.choices || known, "\(key.name): \(choices)")
    }
    #expect(seen == 318)
  }
}
