package import Machine
internal import Tokenize

/// Lets a model continue texts, as a configuration says.
package final class TextGenerator {
  private let tokenizer: any Tokenizer
  private let generator: TokenGenerator
  private let sequenceLength: Int

  /// Loads the tokenizer and makes room.
  ///
  /// - Throws: ``TrainError`` for a tokenizer that cannot be loaded, or a model that writes no text.
  package init(_ trained: TrainedModel) throws(TrainError) {
    let configuration = trained.configuration
    let generation = configuration.generation
    let tokenizer = try configuration.tokenizer.load()
    var settings = TokenGenerator.Settings()
    settings.sampling = Sampling(
      temperature: generation.temperature, topK: generation.topK, topP: generation.topP)
    settings.maximumTokens = generation.maximumTokens
    settings.endOfText = tokenizer.endOfDocument.map { Int32($0) }
    settings.seed = UInt64(configuration.seed)
    settings.recomputes = generation.recomputes
    settings.keepsLogits = generation.returnsLogits
    self.tokenizer = tokenizer
    generator = try TokenGenerator(trained.model, settings)
    sequenceLength = trained.model.settings.sequenceLength
  }

  /// Continues a text; an empty one begins as a document does.
  ///
  /// - Parameters:
  ///   - context: the text.
  ///   - number: tells answers to the same text apart.
  ///   - each: is given the bytes of each token as it comes.
  /// - Returns: the text and how it ended.
  /// - Throws: what continuing tokens throws.
  package func text(
    after context: String, number: Int, each: ([UInt8]) -> Void = { _ in }
  ) throws(TrainError) -> GeneratedText {
    let watch = Stopwatch()
    let prompt = try tokens(of: context)
    let answer = try generator.answer(prompt, number: number) { each(self.bytes(of: $0)) }
    var bytes: [UInt8] = []
    var isKnown = true
    for token in answer.tokens {
      let part = self.bytes(of: token)
      isKnown = isKnown && !part.isEmpty
      bytes += part
    }
    var text = GeneratedText(context: context, length: answer.tokens.count)
    text.isFinished = answer.isFinished
    text.seconds = watch.seconds
    text.promptLength = prompt.count
    if generator.settings.keepsLogits { text.logits = answer.logits }
    if answer.tokens.isEmpty {
      text.message =
        "WARNING: text generation did not start; try different batching or adjust parameters"
    } else {
      text.text = String(decoding: bytes, as: UTF8.self)
      if !isKnown { text.message = "WARNING: generated token which doesn't exist." }
    }
    if prompt.count >= sequenceLength / 2 {
      text.warning =
        "the prompt has \(prompt.count) of the \(sequenceLength) tokens that the model takes"
    }
    return text
  }

  private func tokens(of context: String) throws(TrainError) -> [Int32] {
    let ids: [TokenID]
    do throws(TokenizeError) { ids = try tokenizer.encode(context) } catch {
      throw .vocabulary(reason: "prompt: \(error)")
    }
    if !ids.isEmpty { return ids.map { Int32(clamping: $0) } }
    guard let end = tokenizer.endOfDocument else {
      throw .vocabulary(
        reason: "an empty prompt begins with the token that ends documents, and the tokenizer has"
          + " none; give a prompt")
    }
    return [Int32(clamping: end)]
  }

  private func bytes(of token: Int32) -> [UInt8] {
    var bytes: [UInt8] = []
    tokenizer.appendBytes(of: TokenID(token), to: &bytes)
    return bytes
  }
}

/// What a model wrote, as GPT-NeoX records it.
package struct GeneratedText: Sendable, Equatable {
  /// What it was given.
  package var context: String
  /// What it wrote; `nil` where it wrote nothing.
  package var text: String?
  /// How many tokens it wrote.
  package var length: Int
  /// Whether it ended by itself.
  package var isFinished = false
  /// What went wrong.
  package var message: String?
  /// How long it took.
  package var seconds = 0.0
  /// Tokens of the prompt.
  package var promptLength = 0
  /// Logits of all tokens for each that was chosen; `nil` where they were not asked for.
  package var logits: [[Float]]?
  /// What the person who asked should know.
  package var warning: String?

  init(context: String, length: Int) {
    self.context = context
    self.length = length
  }

  /// The record: an object with GPT-NeoX's members.
  package var json: JSONText {
    var members: [JSONText.Member] = [
      .init("context", .string(context)), .init("text", text.map { .string($0) } ?? .null),
      .init("length", JSONText(length)), .init("finished", .bool(isFinished)),
      .init("message", message.map { .string($0) } ?? .null),
      .init("duration_seconds", .number(seconds)),
    ]
    if let logits {
      let rows = logits.map { JSONText.array($0.map { .number(Double($0)) }) }
      members.append(.init("logits", .array(rows)))
    }
    return .object(members)
  }
}

extension TrainingConfiguration.Generation {
  /// The prompts in the text of a file: parts between ``promptEnd``, without white space around
  /// them; empty ones are left out.
  package func prompts(in text: String) -> [String] {
    let scalars = text.unicodeScalars
    let parts =
      promptEnd.isEmpty ? [scalars[...]] : scalars.split(separator: promptEnd.unicodeScalars)
    return parts.map { part in
      var part = part.drop { $0.properties.isWhitespace }
      while part.last?.properties.isWhitespace == true { part.removeLast() }
      return String(part)
    }.filter { !$0.isEmpty }
  }
}
