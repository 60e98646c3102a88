import TestSupport
import Testing

@testable import Tokenize

@Suite("Ids and labels of chats")
struct ChatEncoderTests {
  static let toy =
    "{% for m in messages %}<{{ m.role[0] }}>{{ m.content }}|{% endfor %}"
    + "{% if add_generation_prompt %}<a>{% endif %}"

  private func encode(
    _ messages: [ChatMessage], _ source: String = toy, _ options: ChatEncodingOptions = .init(),
    end: TokenID? = 2
  ) throws -> ChatEncoding {
    let encoder = try ChatEncoder(
      template: ChatTemplate(source: source),
      tokenizer: loadTokenizer(TokenizerChoice(kind: .characterLevel)), endOfSequence: end,
      options: options)
    var cache = encoder.tokenizer.makeCache(byteBudget: 0)
    return try encoder.encode(messages, cache: &cache)
  }

  /// The trained stretches as text, joined by `…`; the end of sequence is `$`.
  private func trained(_ encoding: ChatEncoding) -> String {
    var text = ""
    for label in encoding.labels {
      if label == ChatEncoder.masked {
        if text.last != "…" { text += "…" }
      } else {
        text += label == 2 ? "$" : String(UnicodeScalar(UInt8(label)))
      }
    }
    return text
  }

  @Test("Labels are those of GPT-NeoX's rule")
  func toyLabels() throws {
    let whole = Array("<s>S|<u>u1|<a>a1|<u>u2|<a>a2|".utf8).map { TokenID($0) } + [2]
    let five = try encode(ChatTemplateTests.talk)
    let masked = ChatEncoder.masked
    #expect(five.tokens == whole)
    #expect(
      five.labels == Array(repeating: masked, count: 14) + [97, 49, 124]
        + Array(repeating: masked, count: 9) + [97, 50, 124, 2])
    #expect(five.supervisedCount == 7)
    let four = Array(ChatTemplateTests.talk.prefix(4))
    #expect(
      try encode(four).labels == Array(repeating: masked, count: 14) + [97, 49, 124]
        + Array(repeating: masked, count: 7))
    let last = ChatEncodingOptions(onlyLast: true)
    #expect(
      try encode(ChatTemplateTests.talk, Self.toy, last).labels
        == Array(repeating: masked, count: 26) + [97, 50, 124, 2])
    #expect(try encode(four, Self.toy, last).supervisedCount == 0)
    #expect(try encode(four, end: nil).tokens.count == 23)
  }

  @Test("Reward models are scored at the last token; without a mask all is trained on")
  func layouts() throws {
    let reward = ChatEncodingOptions(layout: .rewardModel)
    let encoding = try encode(ChatTemplateTests.talk, Self.toy, reward)
    #expect(encoding.tokens.suffix(3) == [124, 2, 2] && encoding.tokens.count == 31)
    #expect(encoding.labels == Array(repeating: -100, count: 30) + [2])
    #expect(throws: TokenizeError.self) {
      try encode(ChatTemplateTests.talk, Self.toy, reward, end: nil)
    }
    let unmasked = try encode(
      ChatTemplateTests.talk, Self.toy, ChatEncodingOptions(layout: .unmasked))
    #expect(unmasked.tokens.count == 29)
    #expect(unmasked.labels == unmasked.tokens.map { Int32($0) })
    #expect(throws: TokenizeError.self) { try encode([]) }
  }

  @Test("Boundaries hold where a beginning renders otherwise than the whole")
  func byConstruction() throws {
    // Text for the last turn only, and text behind all turns.
    let separated =
      "{% for m in messages %}[{{ m.role }}]{{ m.content }}{{ ';' if not loop.last }}{% endfor %}"
      + "{% if add_generation_prompt %}[assistant]{% else %}!{% endif %}"
    #expect(trained(try encode(ChatTemplateTests.talk, separated)) == "…a1;…a2!$")
    // The header of another role than the one that the template asks for.
    let users = ChatEncodingOptions(generationRole: "user")
    #expect(trained(try encode(ChatTemplateTests.talk, separated, users)) == "…u1;…u2;…")
    // A prompt that goes on where the turn does not.
    let thinking =
      "{% for m in messages %}[{{ m.role }}]{{ m.content }};{% endfor %}"
      + "{% if add_generation_prompt %}[assistant]a{% endif %}"
    #expect(trained(try encode(ChatTemplateTests.talk, thinking)) == "…1;…2;$")
    let other = thinking.replacing("]a{%", with: "]<t>{%")
    #expect(trained(try encode(ChatTemplateTests.talk, other)) == "…a1;…a2;$")
    // A system message within the first turn of the user; the first turn is asked for by nobody.
    let llama = try ChatTemplate.named("llama2")
    let text = try llama.text(ChatTemplateTests.talk)
    #expect(text.hasSuffix("[INST] u2 [/INST] a2 </s>"))
    #expect(trained(try encode(Array(ChatTemplateTests.talk[2...]), separated)).hasPrefix("[assi"))
  }

  @Test(
    "Ids and labels are GPT-NeoX's where its rule holds",
    .enabled(if: SharedMaterial.isPresent, "\(SharedMaterial.absent)"))
  func recorded() throws {
    let tokenizer = try loadTokenizer(
      TokenizerChoice(
        kind: .huggingFace, vocabularyFile: SharedMaterial.path("data/20B_tokenizer.json")))
    let end = try ChatEncoder.id(ofSpecialToken: "<|endoftext|>", in: tokenizer)
    #expect(end == 0)
    #expect(throws: TokenizeError.self) {
      try ChatEncoder.id(ofSpecialToken: "<|no such|>", in: tokenizer)
    }
    var cache = tokenizer.makeCache(byteBudget: 1 << 20)
    #expect(RecordedChats.labelled.count == 8)
    for row in RecordedChats.labelled {
      let template = try ChatTemplate(
        source: row["template"]?.string ?? "",
        specialTokens: ["bos_token": "<|endoftext|>", "eos_token": "<|endoftext|>"])
      let encoder = try ChatEncoder(
        template: template, tokenizer: tokenizer, endOfSequence: end,
        options: ChatEncodingOptions(onlyLast: row["onlyLast"]?.boolean ?? false))
      let encoding = try encoder.encode(
        try RecordedChats.conversation(row["conversation"]?.string ?? ""), cache: &cache)
      let title = "\(row["title"]?.string ?? "") \(row["conversation"]?.string ?? "")"
      #expect(
        encoding.tokens == row["tokens"]?.elements?.compactMap { $0.integer.map(TokenID.init) },
        "\(title)")
      #expect(
        encoding.labels == row["labels"]?.elements?.compactMap { $0.integer.map(Int32.init) },
        "\(title)")
    }
  }

  @Test("An id never holds text of both sides of a boundary")
  func straddling() throws {
    let tiny = try TinyVocabulary()
    let tokenizer = try loadTokenizer(tiny.choice)
    // "hell" + "o", " w" + "or": each merges across the boundary when encoded whole.
    let encoder = try ChatEncoder(
      template: ChatTemplate(source: "{% for m in messages %}{{ m.content }}{% endfor %}"),
      tokenizer: tokenizer, endOfSequence: nil)
    var cache = tokenizer.makeCache(byteBudget: 1 << 16)
    let messages = [
      ChatMessage(role: "user", content: "hell"), ChatMessage(role: "assistant", content: "o w"),
      ChatMessage(role: "user", content: "or"), ChatMessage(role: "assistant", content: "ld"),
    ]
    let encoding = try encoder.encode(messages, cache: &cache)
    let expected = ["hell", "o", "Ġw", "or", "ld"].map(TinyVocabulary.id)
    #expect(encoding.tokens == expected)
    #expect(encoding.labels.map { $0 == -100 } == [true, false, false, true, false])
  }

  @Test("Ids are those of the whole text; random chats", arguments: [7, 8] as [UInt64])
  func wholeText(seed: UInt64) throws {
    let tiny = try TinyVocabulary()
    let tokenizer = try loadTokenizer(tiny.choice)
    let template = try ChatTemplate.named("zephyr")
    let encoder = try ChatEncoder(template: template, tokenizer: tokenizer, endOfSequence: nil)
    var cache = tokenizer.makeCache(byteBudget: 1 << 16)
    var generator = SeededGenerator(seed: seed)
    let words = ["hello", " world", "\n", "  ", "é", "|", "</s>", "x"]
    for count in [1, 2, 5, 40] {
      let messages = (0..<count).map { turn in
        let content = (0...generator.next() % 6).map { _ in words[Int(generator.next() % 8)] }
        return ChatMessage(
          role: turn % 2 == 0 ? "user" : "assistant", content: content.joined())
      }
      let encoding = try encoder.encode(messages, cache: &cache)
      let text = try template.text(messages)
      #expect(tokenizer.bytes(encoding.tokens) == Array(text.utf8))
      // What is trained on is what the assistant says and the end of its turn.
      let trained = zip(encoding.tokens, encoding.labels).filter { $1 != -100 }.map(\.0)
      let said = messages.filter { $0.role == "assistant" }.map { message in
        guard case .string(let content) = message.members[1].value else { return "" }
        return content + "</s>\n"
      }
      #expect(String(decoding: tokenizer.bytes(trained), as: UTF8.self) == said.joined())
    }
  }

  @Test("A folder gives its template and special tokens")
  func folder() throws {
    let folder = try TemporaryFolder()
    #expect(throws: TokenizeError.self) { try ChatTemplate.inFolder(folder.file("")) }
    try folder.write(
      "tokenizer_config.json",
      Array(
        #"{"bos_token": {"content": "<s>"}, "eos_token": "</s>", "pad_token": null, "chat_template": [{"name": "default", "template": "{{ bos_token }}{{ messages[0].content }}"}, {"name": "rag", "template": "R{{ eos_token }}"}]}"#
          .utf8))
    let path = folder.file("")
    #expect(
      try ChatTemplate.specialTokens(inFolder: path) == ["bos_token": "<s>", "eos_token": "</s>"])
    #expect(try ChatTemplate.inFolder(path).text(ChatTemplateTests.talk) == "<s>S")
    #expect(try ChatTemplate.inFolder(path, name: "rag").text(ChatTemplateTests.talk) == "R</s>")
    #expect(throws: TokenizeError.self) { try ChatTemplate.inFolder(path, name: "none") }
    try folder.write("chat_template.jinja", Array("J{{ eos_token }}\n".utf8))
    #expect(try ChatTemplate.inFolder(path).text(ChatTemplateTests.talk) == "J</s>")
  }
}
