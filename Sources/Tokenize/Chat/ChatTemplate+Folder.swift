extension ChatTemplate {
  /// The template of a tokenizer's folder: `chat_template.jinja`, or `chat_template` in
  /// `tokenizer_config.json`; `name` chooses where there are several (`default` otherwise).
  ///
  /// - Throws: ``TokenizeError/missing(what:hint:)`` where the folder has none.
  public static func inFolder(
    _ folder: String, name: String? = nil
  ) throws(TokenizeError) -> ChatTemplate {
    let tokens = try specialTokens(inFolder: folder)
    let wanted = name ?? "default"
    let file =
      wanted == "default"
      ? "\(folder)/chat_template.jinja" : "\(folder)/additional_chat_templates/\(wanted).jinja"
    if fileExists(file) {
      let source = String(decoding: try readWholeFile(file), as: UTF8.self)
      return try ChatTemplate(source: source, name: file, specialTokens: tokens)
    }
    let path = "\(folder)/tokenizer_config.json"
    let none = TokenizeError.missing(
      what: "a chat template in \(folder)",
      hint: "neither \(file) nor chat_template in tokenizer_config.json is there; choose one by "
        + "name: \(names.joined(separator: ", "))")
    guard fileExists(path) else { throw none }
    guard let node = try JSONDocument(path: path).root["chat_template"], !node.isNull else {
      throw none
    }
    if let source = node.string {
      guard wanted == "default" else {
        throw .missing(
          what: "chat template \(wanted)", hint: "\(path) has only one, without a name")
      }
      return try ChatTemplate(
        source: source, name: "\(path): chat_template", specialTokens: tokens)
    }
    guard let rows = node.elements else {
      throw .malformed(
        path: path, place: "chat_template",
        reason: "a string or a list was expected, found \(node.kind.rawValue)")
    }
    guard let row = rows.last(where: { $0["name"]?.string == wanted }) else {
      let known = rows.compactMap { $0["name"]?.string }.joined(separator: ", ")
      throw .missing(what: "chat template \(wanted)", hint: "\(path) has \(known)")
    }
    guard let source = row["template"]?.string else {
      throw .malformed(
        path: path, place: "chat_template \(wanted)", reason: "it has no string \"template\"")
    }
    return try ChatTemplate(
      source: source, name: "\(path): chat_template \(wanted)", specialTokens: tokens)
  }

  /// The special tokens that a folder's `tokenizer_config.json` or, for names that are not there,
  /// `special_tokens_map.json` names, such as `eos_token`; empty where it has neither file.
  ///
  /// - Throws: ``TokenizeError/malformed(path:place:reason:)`` and
  ///   ``TokenizeError/unreadable(path:reason:)``.
  public static func specialTokens(
    inFolder folder: String
  ) throws(TokenizeError) -> [String: String] {
    var tokens: [String: String] = [:]
    for file in ["special_tokens_map.json", "tokenizer_config.json"] {
      let path = "\(folder)/\(file)"
      guard fileExists(path) else { continue }
      let root = try JSONDocument(path: path).root
      guard let members = root.members else {
        throw .malformed(
          path: path, place: "document",
          reason: "an object was expected, found \(root.kind.rawValue)")
      }
      for (key, value) in members where key.hasSuffix("_token") {
        if let text = value.string ?? value["content"]?.string {
          tokens[key] = text
        } else if value.isNull {
          tokens[key] = nil
        }
      }
    }
    return tokens
  }
}
