import IndexedData
import Machine
import Tokenize

extension PreprocessRun {
  /// Shows the first `count` documents as tokens, and writes nothing.
  ///
  /// Each token is a line: its id, its label where there are labels, and the bytes it stands for,
  /// undecodable ones as `\xE2`; a reward comes before them. With color what is trained on stands
  /// out. Faulty
  /// records are shown with their reason, whatever the policy. The length of a long document, which is
  /// read in pieces, is told at its end.
  /// - Throws: ``PipelineError`` when the inputs cannot be read.
  package func preview(
    _ count: Int, hasColor: Bool = false, line: (String) -> Void
  ) throws(PipelineError) {
    var shown = 0
    var long = LongPreview()
    let encoder = ItemEncoder(plan)
    var ledger = LineLedger()
    do {
      var source = try DocumentSource(inputs, options: plan.reading)
      while shown < count, let item = try source.next() {
        let result = try encoder.encode(item)
        for refusal in result.faults {
          let place = ledger.place(of: refusal.fault.place, in: result.tag)
          line("faulty record at \(place): \(refusal.fault.reason)")
        }
        if let piece = result.piece {
          show(piece, result, document: shown + 1, &long, line: line)
          let isEnd = piece.part.isLast && piece.key == recipe.keys.count - 1
          if isEnd && !long.isRefused {
            noteOrigins(of: result, from: shown, below: count, &ledger, line: line)
            shown += 1
          }
        } else {
          noteOrigins(of: result, from: shown, below: count, &ledger, line: line)
          for index in plan.tracks.indices where plan.tracks[index].kind == .text {
            show(result, index, from: shown, below: count, hasColor, line: line)
          }
          shown += result.outputs.first?.lengths.count ?? 0
        }
        _ = ledger.finish(result.tag, lines: result.counts.lines)
      }
    } catch {
      throw .source(error)
    }
    if shown == 0 { line("the input holds no document") }
  }

  private func show(
    _ result: borrowing ItemResult, _ index: Int, from first: Int, below limit: Int,
    _ hasColor: Bool, line: (String) -> Void
  ) {
    let output = result.outputs[index]
    let key = plan.tracks[index].key
    let labels = place(of: .labels, key).map { values(of: result, $0) }
    let rewards = place(of: .rewards, key)
    var rewardRows = rewards.map { rows(of: result, $0) } ?? []
    let tokens = values(of: result, index)
    var place = 0
    for (number, length) in output.lengths.enumerated() where first + number < limit {
      line("document \(first + number + 1), \(key): \(length) tokens")
      if let rewards, !rewardRows.isEmpty {
        let isFloat = plan.tracks[rewards].elementType.isFloatingPoint
        let numbers = rewardRows.removeFirst().map { bits in
          isFloat ? "\(Float(bitPattern: bits))" : "\(Int32(bitPattern: bits))"
        }
        line("reward: \(numbers.joined(separator: " "))")
      }
      for _ in 0..<length {
        var row = TokenRow(
          id: Int64(tokens[place]), bytes: Self.bytes(of: tokens[place], tokenizer))
        if let labels { row.label = Int64(Int32(bitPattern: labels[place])) }
        line(row.line(hasColor: hasColor))
        place += 1
      }
    }
  }

  private func place(of kind: Track.Kind, _ key: String) -> Int? {
    plan.tracks.firstIndex { $0.kind == kind && $0.key == key }
  }

  private func values(of result: borrowing ItemResult, _ index: Int) -> [UInt32] {
    let bytes = result.bytes.bytes.extracting(result.outputs[index].bytes)
    return stride(from: 0, to: bytes.byteCount, by: plan.tokenWidth).map { id(in: bytes, at: $0) }
  }

  private func rows(of result: borrowing ItemResult, _ index: Int) -> [ArraySlice<UInt32>] {
    var rest = values(of: result, index)[...]
    return result.outputs[index].lengths.map { length in
      defer { rest = rest.dropFirst(Int(length)) }
      return rest.prefix(Int(length))
    }
  }

  /// A long document of which some pieces were shown.
  private struct LongPreview {
    /// Tokens of the wanted member at hand.
    var tokens = 0
    /// Whether a piece was refused, and the record with it.
    var isRefused = false
  }

  private func show(
    _ piece: ItemResult.Piece, _ result: borrowing ItemResult, document: Int,
    _ long: inout LongPreview, line: (String) -> Void
  ) {
    if piece.part.isFirst {
      if piece.key == 0 { long.isRefused = false }
      long.tokens = 0
    }
    if !result.faults.isEmpty { long.isRefused = true }
    guard !long.isRefused else { return }
    let name = "document \(document), \(recipe.keys[piece.key])"
    if piece.part.isFirst { line("\(name): a long one") }
    let output = result.outputs[piece.key]
    let bytes = result.bytes.bytes.extracting(output.bytes)
    for offset in stride(from: 0, to: bytes.byteCount, by: plan.tokenWidth) {
      line(tokenLine(id(in: bytes, at: offset)))
    }
    long.tokens += bytes.byteCount / plan.tokenWidth
    if piece.part.isLast { line("\(name): \(long.tokens) tokens in all") }
  }

  private func id(in bytes: RawSpan, at offset: Int) -> TokenID {
    // The offset is below the number of bytes: lengths add up to the tokens there are.
    plan.tokenWidth == 2
      ? TokenID(unsafe bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt16.self))
      : unsafe bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt32.self)
  }

  private func tokenLine(_ id: TokenID) -> String {
    TokenRow(id: Int64(id), bytes: Self.bytes(of: id, tokenizer)).line(hasColor: false)
  }

  private static func bytes(of id: TokenID, _ tokenizer: any Tokenizer) -> [UInt8] {
    var bytes: [UInt8] = []
    tokenizer.appendBytes(of: id, to: &bytes)
    return bytes
  }

  /// Bytes as text in which nothing is hidden: what is not a printable character shows as `\n`, `\x00`.
  static func visible(_ bytes: [UInt8]) -> String {
    if let text = String(validating: bytes, as: UTF8.self) {
      return text.unicodeScalars.map { escaped($0) }.joined()
    }
    return bytes.map { byte in
      byte < 0x80 ? escaped(Unicode.Scalar(byte)) : hexadecimal(byte)
    }.joined()
  }

  private static func escaped(_ scalar: Unicode.Scalar) -> String {
    switch scalar {
    case "\n": "\\n"
    case "\r": "\\r"
    case "\t": "\\t"
    case "\"": "\\\""
    case "\\": "\\\\"
    case "\0"..<" ", "\u{7F}": hexadecimal(UInt8(truncatingIfNeeded: scalar.value))
    default: String(scalar)
    }
  }

  private static func hexadecimal(_ byte: UInt8) -> String {
    let digits = String(byte, radix: 16, uppercase: true)
    return "\\x" + (byte < 16 ? "0" : "") + digits
  }
}
