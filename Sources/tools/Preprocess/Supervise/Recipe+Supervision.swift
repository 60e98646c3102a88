import Machine
import Tokenize

extension Recipe {
  /// The options that say what is trained on; none where everything is, so that nothing changes for
  /// datasets of text alone.
  var supervisionOptions: [Manifest.Option] {
    var options: [Manifest.Option]
    switch supervision {
    case .everything: return []
    case .afterTokens(let pattern):
      options = [
        .init("mask-before-token", pattern.map { String($0) }.joined(separator: ","))
      ]
    case .chat(let chat):
      options = [.init("chat", "true")] + Self.options(of: chat)
    case .preference(let choice):
      options =
        [
          .init("preference", "\(choice.chosen),\(choice.rejected)"),
          .init("prompt-key", choice.promptKey ?? ""),
        ] + (choice.chat.map(Self.options) ?? [])
    }
    return options + [
      .init("unsupervised", unsupervised.rawValue),
      .init("seq-length", sequenceLength.map(String.init) ?? ""),
    ]
  }

  private static func options(of chat: ChatChoice) -> [Manifest.Option] {
    let layout = chat.options.layout
    let template =
      switch chat.template {
      case .named(let name): name
      case .file(let path), .folder(let path): path
      }
    return [
      .init("chat-template", "\(template) \(chat.hash)"),
      .init("generation-role", chat.options.generationRole),
      .init("only-last", String(chat.options.onlyLast)),
      .init("no-mask", String(layout == .unmasked)),
      .init("for-rm", String(layout == .rewardModel)),
      .init("reward-key", chat.reward?.key ?? ""),
      .init("binary-reward", String(chat.reward?.isBinary ?? false)),
      .init("reward-type", chat.reward?.element.rawValue ?? ""),
    ]
  }

  /// The files that a chat template is read from.
  package var templatePaths: [String] {
    guard let template = chat?.template else { return [] }
    switch template {
    case .named: return []
    case .file(let path): return [path]
    case .folder(let folder):
      return ["chat_template.jinja", "tokenizer_config.json"].map { folder + "/" + $0 }
        .filter { DurableFile.exists($0) }
    }
  }

  /// How conversations are read, where there are any.
  var chat: ChatChoice? {
    switch supervision {
    case .chat(let chat): chat
    case .preference(let choice): choice.chat
    case .everything, .afterTokens: nil
    }
  }

  /// Checks that what is trained on can be told of what is read.
  ///
  /// - Throws: ``PipelineError/option(_:)``.
  func checkSupervision() throws(PipelineError) {
    let names = trackNames
    for (index, name) in names.enumerated() where names[..<index].contains(name) {
      throw .option("--jsonl-keys: two datasets would be called '\(name)'; rename a member")
    }
    if let chat, chat.options.layout == .rewardModel, chat.options.onlyLast {
      throw .option("--only-last: --for-rm trains on nothing but the end; leave one of them out")
    }
    if supervision.isStructured, chat != nil, appendsEndOfDocument {
      throw .option(
        "--append-eod: conversations end with the end of sequence of their tokenizer; leave it out")
    }
    if supervision.isStructured, [.text, .lines].contains(format) {
      throw .option("--input-format \(format.rawValue): conversations and pairs are JSON")
    }
  }

  /// Reads the template and makes the encoder of conversations; `nil` where there are none.
  ///
  /// A hash of the template's files, the special tokens and the end of sequence is noted in the
  /// recipe.
  /// - Throws: ``PipelineError`` when there is no such template.
  mutating func makeChatEncoder(
    _ tokenizer: any Tokenizer
  ) throws(PipelineError) -> ChatEncoder? {
    guard var chat else { return nil }
    do throws(TokenizeError) {
      let special = try chat.folder.map { (folder) throws(TokenizeError) in
        try ChatTemplate.specialTokens(inFolder: folder)
      }
      let template = try Self.template(chat, special ?? [:])
      let end = try endOfSequence(special, tokenizer)
      chat.hash = try hash(of: template, end)
      note(chat)
      return try ChatEncoder(
        template: template, tokenizer: tokenizer, endOfSequence: end, options: chat.options)
    } catch {
      throw .tokenizer(error)
    }
  }

  private static func template(
    _ chat: ChatChoice, _ specialTokens: [String: String]
  ) throws(TokenizeError) -> ChatTemplate {
    switch chat.template {
    case .named(let name): return try .named(name, specialTokens: specialTokens)
    case .file(let path):
      let source = try readWholeFile(path)
      return try ChatTemplate(
        source: String(decoding: source, as: UTF8.self), name: path, specialTokens: specialTokens)
    case .folder(let folder): return try .inFolder(folder)
    }
  }

  private func hash(
    of template: ChatTemplate, _ end: TokenID?
  ) throws(TokenizeError) -> String {
    var hash = ContentHash()
    for path in templatePaths {
      let bytes = try readWholeFile(path)
      unsafe hash.update(bytes.span.bytes)
    }
    let tokens = template.specialTokens.sorted { $0.key < $1.key }.flatMap { [$0.key, $0.value] }
    for text in tokens + ["end \(end.map { Int($0) } ?? -1)"] {
      let bytes = Array(text.utf8) + [0]
      unsafe hash.update(bytes.span.bytes)
    }
    return ContentHash.text(hash.value)
  }

  /// What ends a conversation: the token that was named, else the folder's, which may have none,
  /// else the tokenizer's.
  private func endOfSequence(
    _ special: [String: String]?, _ tokenizer: any Tokenizer
  ) throws(TokenizeError) -> TokenID? {
    guard self.tokenizer.endOfDocumentToken == nil, let special, !special.isEmpty else {
      return tokenizer.endOfDocument
    }
    guard let text = special["eos_token"] else { return nil }
    return try ChatEncoder.id(ofSpecialToken: text, in: tokenizer)
  }

  private mutating func note(_ chat: ChatChoice) {
    switch supervision {
    case .chat: supervision = .chat(chat)
    case .preference(var choice):
      choice.chat = chat
      supervision = .preference(choice)
    case .everything, .afterTokens: break
    }
  }
}
