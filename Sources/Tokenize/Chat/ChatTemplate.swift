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

  /// Parses a template.
  ///
  /// - Throws: ``TokenizeError/template(name:line:reason:)`` at what is not supported.
  public init(
    source: String, name: String = "chat template", specialTokens: [String: String] = [:]
  ) throws(TokenizeError) {
    self.name = name
    self.specialTokens = specialTokens
    throw .template(name: name, line: 1, reason: "not yet")
  }

  /// Writes a conversation as pieces, each of which knows its message.
  ///
  /// - Throws: ``TokenizeError/template(name:line:reason:)`` where the template refuses it.
  public func render(
    _ messages: [ChatMessage], addGenerationPrompt: Bool = false,
    variables: [String: ChatValue] = [:]
  ) throws(TokenizeError) -> [ChatSpan] { [] }

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
  ) throws(TokenizeError) -> ChatTemplate { try ChatTemplate(source: "") }

  /// The template of a tokenizer's folder: `chat_template.jinja`, or `chat_template` in
  /// `tokenizer_config.json`; `name` chooses where there are several (`default` otherwise).
  ///
  /// - Throws: ``TokenizeError/missing(what:hint:)`` where the folder has none.
  public static func inFolder(
    _ folder: String, name: String? = nil
  ) throws(TokenizeError) -> ChatTemplate { try ChatTemplate(source: "") }

  /// The special tokens that a folder's `tokenizer_config.json` (or `special_tokens_map.json`)
  /// names, such as `eos_token`; empty where it has neither file.
  ///
  /// - Throws: ``TokenizeError/malformed(path:place:reason:)`` and
  ///   ``TokenizeError/unreadable(path:reason:)``.
  public static func specialTokens(
    inFolder folder: String
  ) throws(TokenizeError) -> [String: String] { [:] }
}
