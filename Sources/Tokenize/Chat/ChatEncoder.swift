/// The ids of a conversation and what a model is trained to predict.
public struct ChatEncoding: Sendable, Equatable {
  /// The ids.
  public var tokens: [TokenID]
  /// For each id, itself where it is trained on and −100 where not; not shifted.
  public var labels: [Int32]

  /// How many tokens are trained on.
  public var supervisedCount: Int { labels.count { $0 != ChatEncoder.masked } }
}

/// What of a conversation is trained on.
public struct ChatEncodingOptions: Sendable, Equatable {
  /// How tokens and labels are laid out.
  public enum Layout: Sendable, Equatable {
    /// Turns of the generation role are trained on, and an end-of-sequence token follows.
    case turns
    /// Two end-of-sequence tokens follow, of which the last is the only label (`--for-rm`).
    case rewardModel
    /// Everything is trained on and nothing follows (`--no-mask`).
    case unmasked
  }
  /// How tokens and labels are laid out.
  public var layout: Layout
  /// The role whose turns are trained on (`--generation-role`).
  public var generationRole: String
  /// Whether only the last turn is trained on (`--only-last`), where it is of that role.
  public var onlyLast: Bool

  /// Chooses what is trained on.
  public init(
    layout: Layout = .turns, generationRole: String = "assistant", onlyLast: Bool = false
  ) {
    self.layout = layout
    self.generationRole = generationRole
    self.onlyLast = onlyLast
  }
}

/// Turns conversations into ids and labels.
public struct ChatEncoder: Sendable {
  /// The label of a token that is not trained on.
  public static let masked: Int32 = -100

  /// How conversations are written.
  public let template: ChatTemplate
  /// How text becomes ids.
  public let tokenizer: any Tokenizer
  /// The id put after each conversation; `nil` puts none.
  public let endOfSequence: TokenID?
  /// What is trained on.
  public let options: ChatEncodingOptions

  /// Joins a template and a tokenizer.
  ///
  /// - Throws: ``TokenizeError/missing(what:hint:)`` where ``ChatEncodingOptions/Layout/rewardModel``
  ///   has no end of sequence.
  public init(
    template: ChatTemplate, tokenizer: any Tokenizer, endOfSequence: TokenID?,
    options: ChatEncodingOptions = ChatEncodingOptions()
  ) throws(TokenizeError) {
    self.template = template
    self.tokenizer = tokenizer
    self.endOfSequence = endOfSequence
    self.options = options
  }

  /// The id of a special token's text.
  ///
  /// - Throws: ``TokenizeError/missing(what:hint:)`` where the tokenizer does not know it as one
  ///   token.
  public static func id(
    ofSpecialToken text: String, in tokenizer: any Tokenizer
  ) throws(TokenizeError) -> TokenID { 0 }

  /// Encodes a conversation.
  ///
  /// - Throws: ``TokenizeError/template(name:line:reason:)`` where the template refuses it,
  ///   ``TokenizeError/conversation(reason:)`` where it has no message.
  public func encode(
    _ messages: [ChatMessage], cache: inout WordCache
  ) throws(TokenizeError) -> ChatEncoding { ChatEncoding(tokens: [], labels: []) }
}
