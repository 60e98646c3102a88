import Foundation

@testable import Tokenize

/// What Tests/Golden/record_chats.py recorded.
enum RecordedChats {
  static let root: JSONNode? = {
    let tests = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    return try? JSONDocument(path: tests.appending(path: "Golden/chats.json").path()).root
  }()

  static let rendered: [JSONNode] = root?["rendered"]?.elements ?? []
  static let labelled: [JSONNode] = root?["labelled"]?.elements ?? []

  /// The titles of recorded templates.
  static let titles: [String] = rendered.reduce(into: []) { titles, row in
    let title = row["title"]?.string ?? ""
    if titles.last != title { titles.append(title) }
  }

  static func conversation(_ name: String) throws -> [ChatMessage] {
    guard let node = root?["conversations"]?[name] else {
      throw TokenizeError.missing(what: name, hint: "run Tests/Golden/record_chats.py")
    }
    return try ChatMessage.messages(node)
  }
}
