import Tokenize

/// Turns records that are conversations or pairs into the values of all tracks.
struct StructuredEncoder {
  private let plan: EncodingPlan
  /// What was seen of pairs since it was last taken.
  private(set) var pairs = PairCounts()

  init(_ plan: EncodingPlan) { self.plan = plan }

  /// What was seen of conversations since it was last taken.
  private var conversations = ConversationCounts()

  /// Takes the counts of conversations.
  mutating func takeConversations() -> ConversationCounts {
    defer { conversations = ConversationCounts() }
    return conversations
  }

  /// Takes the counts of pairs.
  mutating func takePairs() -> PairCounts {
    defer { pairs = PairCounts() }
    return pairs
  }

  /// The 32 bits of each value of each track, in the order of the tracks.
  ///
  /// - Throws: ``RecordRefusal``.
  mutating func values(
    of record: RawSpan, cache: inout WordCache
  ) throws(RecordRefusal) -> [[UInt32]] {
    let root = try Self.parse(record)
    switch plan.supervision {
    case .chat(let chat):
      return try conversations(in: root, chat, cache: &cache)
    case .preference(let choice):
      return try pair(in: root, choice, cache: &cache)
    case .everything, .afterTokens:
      preconditionFailure("texts of members are not records")
    }
  }

  private static func parse(_ record: RawSpan) throws(RecordRefusal) -> JSONNode {
    let bytes = unsafe record.withUnsafeBytes { unsafe Array($0) }
    let start = bytes.first == 0x1E ? 1 : bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
    let document: JSONDocument
    do throws(TokenizeError) {
      document = try JSONDocument(Array(bytes[start...]), path: "record")
    } catch {
      // The slow judge knows the byte.
      var scanner = JSONScanner(keys: [])
      scanner.feed(bytes.span)
      scanner.finish()
      guard let fault = scanner.fault else { throw RecordRefusal(error, in: "the record") }
      var refusal = RecordRefusal(fault.reason)
      refusal.offset = fault.offset
      throw refusal
    }
    guard document.root.kind == .object else {
      throw RecordRefusal("\(document.root.kind.rawValue) where an object was expected")
    }
    return document.root
  }

  // MARK: - Conversations

  private mutating func conversations(
    in root: JSONNode, _ chat: ChatChoice, cache: inout WordCache
  ) throws(RecordRefusal) -> [[UInt32]] {
    let reward = try chat.reward?.bits(in: root)
    var values: [[UInt32]] = []
    for key in plan.reading.keys {
      let messages = try Self.messages(in: root, key)
      let encoding = try encode(messages, key, cache: &cache)
      let labels = encoding.labels.map { UInt32(bitPattern: $0) }
      values.append(encoding.tokens)
      if chat.options.layout != .unmasked {
        try check(encoding.labels, key, messages)
        values.append(labels)
      }
      if let reward { values.append(reward) }
    }
    return values
  }

  private mutating func encode(
    _ messages: [ChatMessage], _ key: String, cache: inout WordCache
  ) throws(RecordRefusal) -> ChatEncoding {
    guard let encoder = plan.chatEncoder else {
      throw RecordRefusal(
        "\"\(key)\" is a list of messages; name a template for them with --chat-template")
    }
    do throws(TokenizeError) {
      let encoding = try encoder.encode(messages, cache: &cache)
      conversations.add(messages, encoding)
      return encoding
    } catch {
      throw RecordRefusal(error, in: "\"\(key)\"")
    }
  }

  private static func messages(
    in root: JSONNode, _ key: String
  ) throws(RecordRefusal) -> [ChatMessage] {
    try messages(try member(key, of: root), key)
  }

  private static func messages(
    _ node: JSONNode, _ key: String
  ) throws(RecordRefusal) -> [ChatMessage] {
    do throws(TokenizeError) {
      return try ChatMessage.messages(node)
    } catch {
      throw RecordRefusal(error, in: "\"\(key)\"")
    }
  }

  private static func member(
    _ key: String, of root: JSONNode
  ) throws(RecordRefusal) -> JSONNode {
    guard let value = root[key], !value.isNull else {
      throw RecordRefusal(
        "the object has no member \"\(key)\"" + JSONScanner.list((root.members ?? []).map(\.key)))
    }
    return value
  }

  private func check(
    _ labels: [Int32], _ key: String, _ messages: [ChatMessage] = []
  ) throws(RecordRefusal) {
    guard plan.unsupervised == .error, !labels.contains(where: { $0 >= 0 }) else { return }
    var cause = ""
    if let role = plan.chatEncoder?.options.generationRole, !messages.isEmpty,
      !messages.contains(where: { $0.role == role })
    {
      var roles = NameCounts()
      for message in messages { roles.add(message.role) }
      cause = "; no message has the role \(role) of --generation-role, but \(roles.words)"
    }
    throw RecordRefusal(
      "\"\(key)\": no token of it would be trained on\(cause) (--unsupervised keep writes it all the "
        + "same)")
  }

  // MARK: - Pairs

  /// One answer with what comes before it.
  private enum Side {
    case texts(prompt: [UInt8], answer: [UInt8])
    case messages([ChatMessage])
  }

  private mutating func pair(
    in root: JSONNode, _ choice: PreferenceChoice, cache: inout WordCache
  ) throws(RecordRefusal) -> [[UInt32]] {
    let chosen = try side(choice.chosen, of: root, choice)
    let rejected = try side(choice.rejected, of: root, choice)
    count(chosen, rejected, prompt: choice.promptKey.flatMap { root[$0]?.string })
    var values: [[UInt32]] = []
    for (key, side) in [(choice.chosen, chosen), (choice.rejected, rejected)] {
      let encoding: Labelled
      var conversation: [ChatMessage] = []
      switch side {
      case .messages(let messages):
        conversation = messages
        let chat = try encode(messages, key, cache: &cache)
        encoding = (chat.tokens, chat.labels)
      case .texts(let prompt, let answer):
        encoding = try encode(prompt, answer, key, cache: &cache)
      }
      try check(encoding.labels, key, conversation)
      values += [encoding.tokens, encoding.labels.map { UInt32(bitPattern: $0) }]
    }
    return values
  }

  private func side(
    _ key: String, of root: JSONNode, _ choice: PreferenceChoice
  ) throws(RecordRefusal) -> Side {
    let value = try Self.member(key, of: root)
    let prompt = try choice.promptKey.map { (name) throws(RecordRefusal) in
      try Self.member(name, of: root)
    }
    if let answer = value.bytes {
      let text = prompt?.bytes
      guard let chat = choice.chat else {
        guard let prompt else { return .texts(prompt: [], answer: answer) }
        guard let text else {
          throw RecordRefusal(
            "\"\(choice.promptKey ?? "")\" is \(prompt.kind.rawValue) before a string; name a template "
              + "for messages with --chat-template")
        }
        return .texts(prompt: text, answer: answer)
      }
      guard let prompt else {
        throw RecordRefusal(
          "\"\(key)\" is a string, of which the chat template makes an answer to a prompt; name the "
            + "member of the prompt with --prompt-key")
      }
      let before: [ChatMessage]
      if let text {
        before = [ChatMessage(role: "user", content: String(decoding: text, as: UTF8.self))]
      } else {
        before = try Self.messages(prompt, choice.promptKey ?? "")
      }
      let last = ChatMessage(
        role: chat.options.generationRole, content: String(decoding: answer, as: UTF8.self))
      return .messages(before + [last])
    }
    let messages = try Self.messages(value, key)
    guard let prompt, prompt.kind == .array else { return .messages(messages) }
    return .messages(try Self.messages(prompt, choice.promptKey ?? "") + messages)
  }

  /// Ids and their labels.
  private typealias Labelled = (tokens: [TokenID], labels: [Int32])

  /// Both parts are encoded on their own, so that the border between them is exact.
  private func encode(
    _ prompt: [UInt8], _ answer: [UInt8], _ key: String, cache: inout WordCache
  ) throws(RecordRefusal) -> Labelled {
    var ids = TokenBuffer()
    for id in plan.tokenizer.documentPrefix { ids.append(id) }
    var border = ids.count
    do throws(TokenizeError) {
      if !prompt.isEmpty {
        try unsafe plan.tokenizer.encode(
          prompt.span.bytes, atStart: true, into: &ids, cache: &cache)
        border = ids.count
      }
      try unsafe plan.tokenizer.encode(
        answer.span.bytes, atStart: prompt.isEmpty, into: &ids, cache: &cache)
    } catch {
      throw RecordRefusal(error, in: "\"\(key)\"")
    }
    for id in plan.tokenizer.documentSuffix { ids.append(id) }
    if let end = plan.endOfDocument { ids.append(end) }
    var encoding: Labelled = ([], [])
    let all = ids.ids
    for index in all.indices {
      encoding.tokens.append(all[index])
      encoding.labels.append(
        index < border ? ChatEncoder.masked : Int32(truncatingIfNeeded: all[index]))
    }
    return encoding
  }

  private mutating func count(_ chosen: Side, _ rejected: Side, prompt: String?) {
    switch (chosen, rejected) {
    case (.texts(_, let a), .texts(_, let b)):
      if a == b { pairs.identical += 1 }
      if a.isEmpty { pairs.emptyChosen += 1 }
      if b.isEmpty { pairs.emptyRejected += 1 }
    case (.messages(let a), .messages(let b)):
      if a == b { pairs.identical += 1 }
      if Self.isEmptyAnswer(a) { pairs.emptyChosen += 1 }
      if Self.isEmptyAnswer(b) { pairs.emptyRejected += 1 }
      let isOther = { (side: [ChatMessage]) in
        guard let prompt else { return false }
        return side.dropLast().last.map { !$0.says(prompt) } ?? true
      }
      if a.dropLast() != b.dropLast() || isOther(a) { pairs.differingPrompts += 1 }
    default:
      pairs.differingPrompts += 1
    }
  }

  private static func isEmptyAnswer(_ messages: [ChatMessage]) -> Bool {
    messages.last.map { $0.says("") } ?? true
  }
}

extension ChatMessage {
  /// Whether its content is this text.
  fileprivate func says(_ text: String) -> Bool {
    members.last { $0.name == "content" }?.value == .string(text)
  }
}
