import Foundation
import TestSupport
import Testing

@testable import Tokenize

@Suite("Named chat templates and the models' own")
struct PublishedTemplateTests {
  /// What Tests/Golden/record_published.py recorded of the templates that models are published with.
  static let root: JSONNode? = {
    let tests = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    return try? JSONDocument(path: tests.appending(path: "Golden/published_chats.json").path()).root
  }()

  /// Conversations that ours writes otherwise, on purpose: the model's own passes over roles that it
  /// does not know, Llama 2's where they stand in the assistant's place.
  static let differences: [String: Set<String>] = [
    "llama2": ["tool", "tool between"], "zephyr": ["tool", "tool between", "tool third"],
    // A space behind each end of sequence, which later versions have not.
    "mistral-v0.1": ["two turns", "empty", "markup", "unicode"],
  ]

  @Test(
    "A named template writes what the model's own writes",
    arguments: ["chatml", "llama2", "llama3", "mistral", "mistral-v0.1", "zephyr"])
  func published(model: String) throws {
    let recorded = try #require(Self.root?["models"]?[model]?["hashes"]?.members)
    #expect(recorded.count == 18)
    let template = try ChatTemplate.named(String(model.prefix { $0 != "-" }))
    for (title, hashes) in recorded {
      let node = try #require(Self.root?["conversations"]?[title])
      let messages = try ChatMessage.messages(node)
      for (place, prompt) in [false, true].enumerated() {
        let text = try? template.text(messages, addGenerationPrompt: prompt)
        let hash = text.map { String(SHA256Oracle.hex(Array($0.utf8)).prefix(32)) }
        let expected = try #require(hashes.elements)[place].string
        let isSame = Self.differences[model]?.contains(title) != true
        #expect((hash == expected) == isSame, "\(title), prompt \(prompt): \(text ?? "refused")")
      }
    }
  }
}
