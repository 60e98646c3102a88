/// Lets a model continue sequences of tokens, one sequence at a time.
///
/// The keys and values of earlier tokens are kept, or everything is computed anew for each token as
/// GPT-NeoX's `recompute` does; the two agree to rounding.
package final class TokenGenerator {
  /// How tokens are made.
  package struct Settings: Sendable, Equatable {
    /// How each token is chosen.
    package var sampling = Sampling()
    /// The longest answer, in tokens.
    package var maximumTokens = 64
    /// The token that ends an answer, which is not part of it; `nil` where none does.
    package var endOfText: Int32?
    /// What chance depends on, besides the answer's number and the token's place.
    package var seed: UInt64 = 1234
    /// Whether everything is computed anew for each token.
    package var recomputes = false
    /// Whether the logits of all answered tokens are returned.
    package var keepsLogits = false

    /// The defaults of GPT-NeoX.
    package init() {}
  }

  /// What a model answered.
  package struct Answer: Sendable, Equatable {
    /// The tokens, without the prompt and without the token that ended them.
    package var tokens: [Int32] = []
    /// Whether the token that ends answers came; else the longest answer was reached.
    package var isFinished = false
    /// For each chosen token, the ending one included, the logits as the model computes them.
    package var logits: [[Float]] = []
  }

  /// How tokens are made.
  package let settings: Settings
  private let model: GPTNeoX
  private let logits: Tensor
  private let memory: EngineMemory
  private var cache: KeyValueCache?
  private var spaces: [Int: ModelWorkspace] = [:]

  /// Makes room for one sequence.
  ///
  /// - Throws: ``TrainError/unsupported(what:reason:)`` for a model that predicts no tokens.
  package init(_ model: GPTNeoX, _ settings: Settings) throws(TrainError) {
    guard model.settings.head != .reward else {
      throw .unsupported(
        what: "train_impl rm", reason: "a reward model gives numbers and writes no text")
    }
    self.model = model
    self.settings = settings
    let shape = [1, model.settings.vocabularySize]
    (logits, memory) = try model.engine.place { $0.place(shape, model.type) }
  }

  /// Continues a prompt.
  ///
  /// - Parameters:
  ///   - prompt: at least one token, and no more than the model takes. Where it leaves no room for
  ///     a token the answer is empty.
  ///   - number: tells answers to the same prompt apart.
  ///   - each: is given each token as it comes.
  /// - Returns: the tokens and how they ended.
  /// - Throws: ``TrainError`` for prompts that are too long or have unknown tokens, and when the
  ///   model computes what is no number.
  package func answer(
    _ prompt: [Int32], number: Int, each: (Int32) -> Void = { _ in }
  ) throws(TrainError) -> Answer {
    try check(prompt)
    let room = model.settings.sequenceLength - prompt.count
    let limit = prompt.count + min(room, settings.maximumTokens)
    var answer = Answer()
    var tokens = prompt
    cache?.count = 0
    while tokens.count < limit {
      let values = try logits(after: tokens)
      let key = RandomKey.mix(
        RandomKey.mix(settings.seed, UInt64(number)), UInt64(tokens.count))
      let token = Int32(
        settings.sampling.choose(values, chance: Double(key >> 11) * 0x1p-53))
      if settings.keepsLogits { answer.logits.append(values) }
      answer.isFinished = token == settings.endOfText
      if answer.isFinished { break }
      tokens.append(token)
      answer.tokens.append(token)
      each(token)
    }
    return answer
  }

  private func check(_ prompt: [Int32]) throws(TrainError) {
    let (length, vocabulary) = (model.settings.sequenceLength, model.settings.vocabularySize)
    guard !prompt.isEmpty, prompt.count <= length else {
      throw .unsupported(
        what: "a prompt of \(prompt.count) tokens", reason: "the model takes 1 to \(length)")
    }
    for token in prompt where token < 0 || Int(token) >= vocabulary {
      throw .unsupported(
        what: "token \(token) of the prompt",
        reason: "the model's vocabulary ends at \(vocabulary - 1); is it another tokenizer's?")
    }
  }

  /// The logits for the token that follows.
  private func logits(after tokens: [Int32]) throws(TrainError) -> [Float] {
    let engine = model.engine
    let output: Tensor
    if settings.recomputes {
      let space = try workspace(model.settings.sequenceLength)
      // What stands behind is not looked at.
      let padded = tokens + repeatElement(0, count: space.length - tokens.count)
      engine.write(padded.span, to: space.tokens)
      model.forward(space)
      output = space.output.rows(tokens.count - 1..<tokens.count)
    } else {
      let cache = try keptCache()
      let new = Array(tokens[cache.count...])
      let space = try workspace(new.count)
      engine.write(new.span, to: space.tokens)
      try model.forward(space, cache: cache)
      output = space.output.rows(new.count - 1..<new.count)
    }
    engine.linear(output, weight: model.head.value, bias: nil, into: logits)
    let values = engine.numbers(of: logits)
    guard values.allSatisfy({ !$0.isNaN }) else {
      throw .unsupported(
        what: "token \(tokens.count)",
        reason: "the model computes what is no number; its training has failed, or its precision"
          + " is too low")
    }
    return values
  }

  private func keptCache() throws(TrainError) -> KeyValueCache {
    if let cache { return cache }
    let made = try model.makeCache(batch: 1)
    cache = made
    return made
  }

  /// Memory for so many tokens: of one, and of the last other length.
  private func workspace(_ length: Int) throws(TrainError) -> ModelWorkspace {
    if let space = spaces[length] { return space }
    spaces = spaces.filter { $0.key == 1 }
    let space = try model.makeWorkspace(batch: 1, length: length, training: false)
    spaces[length] = space
    return space
  }
}
