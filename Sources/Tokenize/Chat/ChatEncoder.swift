/// The ids of a conversation and what a model is trained to predict.
public struct ChatEncoding: Sendable, Equatable {
  /// The ids.
  public var tokens: [TokenID]
  /// For each id, itself where it is trained on and −100 where not; not shifted.
  public var labels: [Int32]
  /// Names that the template was to write something of, and that nothing has.
  package var absentNames: [String] = []
  /// The numbers, from 0, of messages that say something and that the template wrote nothing of.
  package var unwrittenTurns: [Int] = []

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
    guard options.layout != .rewardModel || endOfSequence != nil else {
      throw .missing(
        what: "end of sequence",
        hint: "a reward model reads its score there, but the tokenizer names no eos_token")
    }
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
  ) throws(TokenizeError) -> TokenID {
    var cache = tokenizer.makeCache(byteBudget: 1 << 12)
    let ids = try ChatTokens.ids(of: Array(text.utf8)[...], isStart: true, tokenizer, &cache)
    guard ids.count == 1 else {
      throw .missing(what: "special token \(text)", hint: "the tokenizer has no such token")
    }
    return ids[0]
  }

  /// Encodes a conversation.
  ///
  /// The ids are those of the whole text, except where one of them would hold text of both sides of
  /// a boundary between what is trained on and what is not; there each side is encoded alone, as it
  /// is when the model is asked. `variables` are further names for the template.
  ///
  /// - Throws: ``TokenizeError/template(name:line:reason:)`` where the template refuses it,
  ///   ``TokenizeError/conversation(reason:)`` where it has no message.
  public func encode(
    _ messages: [ChatMessage], variables: [String: ChatValue] = [:], cache: inout WordCache
  ) throws(TokenizeError) -> ChatEncoding {
    guard !messages.isEmpty else { throw .conversation(reason: "there is no message") }
    let turns = try ChatTurns(messages, template, options, variables)
    var encoding = ChatEncoding(
      tokens: [], labels: [], absentNames: turns.absentNames,
      unwrittenTurns: turns.unwrittenTurns)
    for (ids, isTrained) in try ChatTokens.stretches(turns, tokenizer, &cache) {
      encoding.tokens += ids
      encoding.labels += ids.map { isTrained ? Int32(bitPattern: $0) : Self.masked }
    }
    guard let end = endOfSequence else { return encoding }
    let label = Int32(bitPattern: end)
    switch options.layout {
    case .turns:
      // As in GPT-NeoX it follows even where the template ended with one.
      let isTrained = encoding.labels.last.map { $0 != Self.masked } ?? false
      encoding.tokens.append(end)
      encoding.labels.append(isTrained ? label : Self.masked)
    case .rewardModel:
      encoding.tokens += [end, end]
      encoding.labels += [Self.masked, label]
    case .unmasked: break
    }
    return encoding
  }
}
