/// A rendered conversation cut where training begins and ends.
///
/// Every piece of text knows its message, so nothing is compared with what a shorter conversation
/// would look like. GPT-NeoX renders each beginning of a conversation anew and takes what is longer;
/// where a template writes a beginning differently once more turns follow (a system message within
/// the first turn, something for the last turn only), its ids and labels are wrong, and these are
/// not.
struct ChatTurns {
  /// The text.
  private(set) var bytes: [UInt8] = []
  /// Stretches of the text in order, each wholly trained on or not; neighbours differ.
  private(set) var stretches: [(end: Int, isTrained: Bool)] = []
  /// Names that the template was to write something of, and that nothing has.
  let absentNames: [String]
  /// Messages that say something and that the template wrote nothing of.
  let unwrittenTurns: [Int]

  /// Renders a conversation.
  init(
    _ messages: [ChatMessage], _ template: ChatTemplate, _ options: ChatEncodingOptions,
    _ variables: [String: ChatValue]
  ) throws(TokenizeError) {
    let result = try template.interpreted(
      messages, addGenerationPrompt: false, variables: variables)
    let pieces = result.pieces
    absentNames = result.absentNames.sorted()
    unwrittenTurns = messages.indices.filter {
      !result.usedTurns.contains($0) && messages[$0].saysSomething
    }
    guard options.layout == .turns else {
      bytes = pieces.flatMap(\.bytes)
      stretches = [(bytes.count, options.layout == .unmasked)]
      return
    }
    func isTrained(_ turn: Int) -> Bool {
      messages[turn].role == options.generationRole
        && (!options.onlyLast || turn == messages.count - 1)
    }
    let prompt = try Self.generationPrompt(messages, template, options, variables)
    for run in Self.runs(pieces, messages.count) {
      let trains = isTrained(run.turn)
      // The header of a turn is what asks for it. The first turn is asked for by nobody.
      let header =
        trains && run.isFirst && run.turn > 0
        ? Self.headerCount(run, prompt, role: options.generationRole) : 0
      append(run.bytes[..<header], isTrained: false)
      append(run.bytes[header...], isTrained: trains)
    }
  }

  private mutating func append(_ text: ArraySlice<UInt8>, isTrained: Bool) {
    guard !text.isEmpty else { return }
    bytes += text
    if stretches.last?.isTrained == isTrained { stretches.removeLast() }
    stretches.append((bytes.count, isTrained))
  }

  /// A stretch of one turn's text.
  private struct Run {
    var turn: Int
    /// Whether the turn has no text before this.
    var isFirst: Bool
    var bytes: [UInt8]
    /// Bytes from the start that are the template's own.
    var markupCount: Int
  }

  /// Joins the pieces of each turn.
  ///
  /// A piece of no turn belongs to the turn before it; at the start,
  /// to the turn after it.
  private static func runs(_ pieces: [ChatSpan], _ count: Int) -> [Run] {
    var runs: [Run] = []
    var seen = [Bool](repeating: false, count: count)
    var turn = pieces.first { $0.turn != nil }?.turn ?? 0
    for piece in pieces {
      turn = piece.turn ?? turn
      if var last = runs.last, last.turn == turn {
        if last.markupCount == last.bytes.count { last.markupCount += piece.markupCount }
        runs[runs.count - 1].markupCount = last.markupCount
        runs[runs.count - 1].bytes += piece.bytes
      } else {
        runs.append(
          Run(
            turn: turn, isFirst: !seen[turn], bytes: piece.bytes, markupCount: piece.markupCount))
        seen[turn] = true
      }
    }
    return runs
  }

  /// What the template writes more when it asks for the last turn of the generation role; the same
  /// words ask for each of them.
  private static func generationPrompt(
    _ messages: [ChatMessage], _ template: ChatTemplate, _ options: ChatEncodingOptions,
    _ variables: [String: ChatValue]
  ) throws(TokenizeError) -> [UInt8] {
    guard let last = messages.lastIndex(where: { $0.role == options.generationRole }), last > 0
    else { return [] }
    let before = Array(messages[..<last])
    let without = try template.interpreted(
      before, addGenerationPrompt: false, variables: variables
    ).pieces
    let with = try template.interpreted(
      before, addGenerationPrompt: true, variables: variables
    ).pieces
    var place = 0
    while place < min(with.count, without.count), with[place].bytes == without[place].bytes {
      place += 1
    }
    guard place < with.count else { return [] }
    var prompt = with[place...].flatMap(\.bytes)
    if place < without.count, with[place].bytes.starts(with: without[place].bytes) {
      prompt.removeFirst(without[place].bytes.count)
    }
    return prompt
  }

  /// The number of bytes at the start of a turn that ask for it.
  ///
  /// That is the whole generation prompt, or as much of it as the template itself writes there. A
  /// prompt for the assistant is tried for the other role too.
  private static func headerCount(_ run: Run, _ prompt: [UInt8], role: String) -> Int {
    if run.bytes.starts(with: prompt) { return prompt.count }
    let other = TemplateText(prompt).replacing(
      TemplateText("assistant"), with: TemplateText(role), limit: 1
    ).bytes
    if other != prompt, run.bytes.starts(with: other) { return other.count }
    let markup = run.bytes[..<run.markupCount]
    func common(_ prompt: [UInt8]) -> Int {
      var count = zip(prompt, markup).prefix { $0 == $1 }.count
      while count > 0, count < run.bytes.count, run.bytes[count] & 0xC0 == 0x80 { count -= 1 }
      return count
    }
    return max(common(prompt), common(other))
  }
}
