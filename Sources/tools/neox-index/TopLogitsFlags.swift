import CommandLineKit
import IndexedData
import Machine

/// Whether the best next tokens of a model are shown beside tokens.
struct TopLogitsFlags: Sendable {
  var source: String?
  var shownCount: Int?

  static let group = ArgumentGroup<TopLogitsFlags>(
    "reference logits",
    [
      .option(
        "--top-logits", \.source, placeholder: "FILE",
        "show the best next tokens after each token, from a file of reference logits or"
          + " PREFIX_FILE.logits"),
      .option(
        "--best", \.shownCount, placeholder: "N", shownDefault: "5", rule: .atLeast(1),
        "next tokens shown with --top-logits"),
    ])

  /// The reference logits that are asked for.
  func open(for text: DocumentText) throws -> ReferenceLogits? {
    guard let source else {
      guard shownCount == nil else { throw UsageError("argument --best: it needs --top-logits") }
      return nil
    }
    let beside = "\(text.dataset.prefix)_\(source).logits"
    let path = !DurableFile.exists(source) && DurableFile.exists(beside) ? beside : source
    let logits = try TokenDistributions(path: path)
    guard logits.documentCount == text.documentCount else {
      throw IndexedDataError.unequalShapes(
        first: text.dataset.prefix, second: path, what: "number of documents",
        expected: text.documentCount, found: logits.documentCount)
    }
    return ReferenceLogits(logits: logits, shownCount: shownCount ?? 5)
  }
}

/// Reference logits as `show` prints them.
struct ReferenceLogits {
  let logits: TokenDistributions
  let shownCount: Int

  /// Prints parts of documents, a line a token.
  func print(_ parts: [DocumentPart], _ text: DocumentText, isJSON: Bool) throws {
    for part in parts {
      let ids = try text.ids(part)
      let length = try text.length(of: part.document)
      let document = try logits.document(part.document)
      guard document.positionCount <= length else {
        throw IndexedDataError.unequalShapes(
          first: text.dataset.prefix, second: logits.path,
          what: "tokens of document \(part.document)", expected: length,
          found: document.positionCount)
      }
      if !isJSON {
        StandardOutput.shared.line(
          "--- document \(part.document): \(grouped(ids.count)) of \(grouped(length)) tokens,"
            + " the best \(min(shownCount, logits.topCount)) next tokens of each")
      }
      for (offset, id) in ids.enumerated() {
        let position = part.start + offset
        let next = position < document.positionCount ? document : nil
        if isJSON {
          let line = json(part.document, position, id, next, text)
          StandardOutput.shared.write(line.bytes() + [0x0A])
        } else {
          let best = next.map { self.best($0, position, text) } ?? "not computed"
          StandardOutput.shared.line("\(position)\t\(shown(id, text))\t→ \(best)")
        }
      }
    }
  }

  private func best(
    _ document: TokenDistribution, _ position: Int, _ text: DocumentText
  ) -> String {
    document.range(of: position).prefix(shownCount).map { place in
      let probability = logProbability(document, place, position)
      return "\(shown(Int64(document.ids[place]), text)) \(fixed(probability, 3))"
    }.joined(separator: "  ")
  }

  private func logProbability(
    _ document: TokenDistribution, _ place: Int, _ position: Int
  ) -> Double {
    Double(document.logits[place]) - Double(document.logSumExp[position])
  }

  /// A token as people read it: quoted text, or its id where there is no text.
  private func shown(_ id: Int64, _ text: DocumentText) -> String {
    guard let words = text.words([id]) else { return "\(id)" }
    return JSONText.string(words.text).text()
  }

  private func json(
    _ number: Int, _ position: Int, _ id: Int64, _ document: TokenDistribution?,
    _ text: DocumentText
  ) -> JSONText {
    var members: [JSONText.Member] = [
      .init("document", JSONText(number)), .init("position", JSONText(position)),
      .init("token", .integer(id)),
    ]
    if let words = text.words([id]) { members.append(.init("text", .string(words.text))) }
    guard let document else {
      members += [.init("log_sum_exp", nil), .init("next", [])]
      return .object(members)
    }
    members.append(.init("log_sum_exp", .number(Double(document.logSumExp[position]))))
    let next = document.range(of: position).prefix(shownCount).map { place in
      var one: [JSONText.Member] = [.init("token", JSONText(Int(document.ids[place])))]
      if let words = text.words([Int64(document.ids[place])]) {
        one.append(.init("text", .string(words.text)))
      }
      one.append(.init("logit", .number(Double(document.logits[place]))))
      one.append(.init("log_probability", .number(logProbability(document, place, position))))
      return JSONText.object(one)
    }
    members.append(.init("next", .array(next)))
    return .object(members)
  }
}
