/// A piece of a rendered conversation.
public struct ChatSpan: Sendable, Equatable {
  /// The number of the message, from 0, that the piece belongs to; `nil` where it belongs to none.
  public var turn: Int?
  /// The text.
  public var bytes: [UInt8]
  /// How many of ``bytes`` come from the template or from a role before the first that comes from
  /// what the message says.
  public var markupCount: Int
}

/// A chat template: how a model wants a conversation to be written as one text.
///
/// It is written in the part of the Jinja language that models' `chat_template`s use.
public struct ChatTemplate: Sendable {
  /// What the template is called in errors.
  public let name: String
  /// The texts of special tokens by the names that templates know them by, such as `bos_token`.
  public let specialTokens: [String: String]
  /// The roles that the template tells apart from others.
  package let namedRoles: Set<String>
  private let statements: [TemplateStatement]

  /// Parses a template.
  ///
  /// - Throws: ``TokenizeError/template(name:line:reason:)`` at what is not supported.
  public init(
    source: String, name: String = "chat template", specialTokens: [String: String] = [:]
  ) throws(TokenizeError) {
    self.name = name
    self.specialTokens = specialTokens
    statements = try TemplateParser.statements(source, name: name)
    namedRoles = TemplateRoles(in: statements).names
  }

  /// Writes a conversation as pieces, each of which knows its message.
  ///
  /// - Throws: ``TokenizeError/template(name:line:reason:)`` where the template refuses it.
  public func render(
    _ messages: [ChatMessage], addGenerationPrompt: Bool = false,
    variables: [String: ChatValue] = [:]
  ) throws(TokenizeError) -> [ChatSpan] {
    let pieces = try interpreted(
      messages, addGenerationPrompt: addGenerationPrompt, variables: variables
    ).pieces
    var spans: [ChatSpan] = []
    for piece in pieces {
      guard let last = spans.last, last.turn == piece.turn else {
        spans.append(piece)
        continue
      }
      if last.markupCount == last.bytes.count {
        spans[spans.count - 1].markupCount += piece.markupCount
      }
      spans[spans.count - 1].bytes += piece.bytes
    }
    return spans
  }

  /// The interpreter when it has run, with what each part of the template wrote.
  func interpreted(
    _ messages: [ChatMessage], addGenerationPrompt: Bool, variables: [String: ChatValue]
  ) throws(TokenizeError) -> TemplateInterpreter {
    var names: [String: TemplateValue] = ["tools": .none, "documents": .none]
    for (name, text) in specialTokens { names[name] = .text(text) }
    for (name, value) in variables { names[name] = TemplateValue(value, turn: nil) }
    names["messages"] = .list(
      TemplateList(messages.enumerated().map { TemplateValue($1, turn: $0) }))
    names["add_generation_prompt"] = .boolean(addGenerationPrompt)
    let interpreter = TemplateInterpreter(name: name, variables: names)
    try interpreter.run(statements)
    return interpreter
  }

  /// Writes a conversation as one text.
  ///
  /// - Throws: ``TokenizeError/template(name:line:reason:)`` where the template refuses it.
  public func text(
    _ messages: [ChatMessage], addGenerationPrompt: Bool = false,
    variables: [String: ChatValue] = [:]
  ) throws(TokenizeError) -> String {
    let spans = try render(
      messages, addGenerationPrompt: addGenerationPrompt, variables: variables)
    return String(decoding: spans.flatMap(\.bytes), as: UTF8.self)
  }

  /// The names that ``named(_:specialTokens:)`` knows.
  public static let names = ["chatml", "llama2", "llama3", "mistral", "plain", "zephyr"]

  /// A well-known template; `specialTokens` replace the ones it was published with.
  ///
  /// - Throws: ``TokenizeError/missing(what:hint:)`` where there is none of that name.
  public static func named(
    _ name: String, specialTokens: [String: String] = [:]
  ) throws(TokenizeError) -> ChatTemplate {
    guard let published = PublishedTemplate.all[name] else {
      throw .missing(
        what: "chat template \(name)", hint: "known are \(names.joined(separator: ", "))")
    }
    return try ChatTemplate(
      source: published.source, name: "chat template \(name)",
      specialTokens: published.specialTokens.merging(specialTokens) { $1 })
  }
}
