/// Encodes a rendered conversation so that no id holds text of both sides of a boundary.
enum ChatTokens {
  /// The ids of each stretch; takes time linear in the text.
  static func stretches(
    _ turns: ChatTurns, _ tokenizer: any Tokenizer, _ cache: inout WordCache
  ) throws(TokenizeError) -> [(ids: [TokenID], isTrained: Bool)] {
    let bytes = turns.bytes
    let stretches = turns.stretches
    let seams = stretches.dropLast().map(\.end)
    // First the text whole; then cut at the seams that an id straddles; then at every seam, because
    // a cut can move the ids beside it.
    var cuts: [Int] = []
    var rows: [[TokenID]]?
    for _ in 0..<2 where rows == nil {
      var ids: [TokenID] = []
      var starts: [Int] = []
      var straddled: [Int] = []
      var isKnown = true
      var seam = 0
      for (start, end) in zip([0] + cuts, cuts + [bytes.count]) where isKnown {
        let part = try Self.ids(of: bytes[start..<end], isStart: start == 0, tokenizer, &cache)
        guard let places = places(of: part, in: bytes[start..<end], tokenizer) else {
          isKnown = false
          break
        }
        var next = 0
        while seam < seams.count, seams[seam] < end {
          let place = seams[seam]
          while next < places.count, places[next].upperBound <= place { next += 1 }
          if next < places.count, places[next].lowerBound < place { straddled.append(place) }
          seam += 1
        }
        // A seam at the end is where the text was cut already.
        if seam < seams.count, seams[seam] == end { seam += 1 }
        ids += part
        starts += places.map(\.lowerBound)
      }
      guard isKnown else { break }
      if straddled.isEmpty {
        rows = split(ids, starts, seams)
      } else {
        cuts = (cuts + straddled).sorted()
      }
    }
    if rows == nil {
      var parts: [[TokenID]] = []
      for (start, end) in zip([0] + seams, seams + [bytes.count]) {
        parts.append(
          try Self.ids(of: bytes[start..<end], isStart: start == 0, tokenizer, &cache))
      }
      rows = parts
    }
    return zip(rows ?? [], stretches).map { ($0, $1.isTrained) }
  }

  /// The ids, cut where their text reaches the seams.
  private static func split(_ ids: [TokenID], _ starts: [Int], _ seams: [Int]) -> [[TokenID]] {
    var rows: [[TokenID]] = []
    var from = 0
    for seam in seams {
      var to = from
      while to < ids.count, starts[to] < seam { to += 1 }
      rows.append(Array(ids[from..<to]))
      from = to
    }
    return rows + [Array(ids[from...])]
  }

  /// The ids of a text that goes on from another unless it `isStart`.
  static func ids(
    of text: ArraySlice<UInt8>, isStart: Bool, _ tokenizer: any Tokenizer, _ cache: inout WordCache
  ) throws(TokenizeError) -> [TokenID] {
    var buffer = TokenBuffer(capacity: text.count / 2)
    try unsafe tokenizer.encode(text.span.bytes, atStart: isStart, into: &buffer, cache: &cache)
    let ids = buffer.ids
    return ids.indices.map { ids[$0] }
  }

  /// Where the text of each id lies, white space that an id takes along left out; `nil` where the
  /// tokenizer changed the text, so that it cannot be said.
  private static func places(
    of ids: [TokenID], in text: ArraySlice<UInt8>, _ tokenizer: any Tokenizer
  ) -> [Range<Int>]? {
    var places: [Range<Int>] = []
    places.reserveCapacity(ids.count)
    var place = text.startIndex
    var bytes: [UInt8] = []
    for id in ids {
      bytes.removeAll(keepingCapacity: true)
      tokenizer.appendBytes(of: id, to: &bytes)
      var start = place
      if !text[start...].starts(with: bytes) {
        if bytes.first == 0x20, bytes.count > 1, text[start...].starts(with: bytes.dropFirst()) {
          // A space that the tokenizer puts before a text.
          bytes.removeFirst()
        } else {
          while start < text.endIndex, text[start] == 0x20 || (9...13).contains(text[start]) {
            start += 1
          }
          guard start > place, text[start...].starts(with: bytes) else { return nil }
        }
      }
      place = start + bytes.count
      places.append(start..<place)
    }
    let rest = text[place...]
    return rest.allSatisfy { $0 == 0x20 || (9...13).contains($0) } ? places : nil
  }
}
