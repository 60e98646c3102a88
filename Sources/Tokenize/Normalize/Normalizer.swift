/// Brings text into a normalisation form; text that is in it already is only looked at.
///
/// Text falls apart into spans: a character that no earlier one can join or follow out of order,
/// and all up to the next such character. Spans are normalised one by one.
struct Normalizer: Sendable {
  /// The form that text is brought into.
  let form: NormalizationForm
  private let tables = NormalizationTables.shared
  private let concern: NormalizationTables.Properties
  /// Whether some character with this lead byte is of concern or has a combining class.
  private let minds: [Bool]

  /// Makes a normaliser for a form.
  init(_ form: NormalizationForm) {
    self.form = form
    concern = form.concern
    var minds = [Bool](repeating: false, count: 256)
    tables.forEachCodePoint { codePoint, properties in
      guard properties.combiningClass != 0 || !properties.isDisjoint(with: form.concern) else {
        return
      }
      let lead: UInt32 =
        codePoint < 0x800
        ? 0xC0 | codePoint >> 6
        : codePoint < 0x10000 ? 0xE0 | codePoint >> 12 : 0xF0 | codePoint >> 18
      minds[Int(lead)] = true
    }
    self.minds = minds
  }

  /// Whether `text` is in the form already; `false` also where only a close look would tell.
  func isNormalized(_ text: Characters) -> Bool { firstConcern(text, from: 0) == text.count }

  /// Whether a text can be cut before the character at `offset`, both sides normalised alone.
  func isBoundary(_ text: Characters, _ offset: Int) -> Bool {
    guard offset < text.count else { return true }
    return isBoundary(properties(text, offset).properties)
  }

  /// `text` in the form.
  func normalize(_ text: [UInt8]) -> [UInt8] {
    unsafe normalize(text.span.bytes.characters).bytes
  }

  /// `text` in the form, and where it differs.
  func normalize(_ text: Characters) -> NormalizedText {
    var result = NormalizedText()
    result.bytes.reserveCapacity(text.count + 64)
    var span: [UInt32] = []
    var copied = 0
    while true {
      let concern = firstConcern(text, from: copied)
      guard concern < text.count else { break }
      let start = boundary(text, before: concern, notBefore: copied)
      let end = boundary(text, after: concern)
      result.append(text, copied..<start)
      decompose(text, start..<end, into: &span)
      if form.composes { compose(&span) }
      let from = result.bytes.count
      for codePoint in span { result.append(codePoint & Self.codePointMask) }
      result.changes.append(
        NormalizationChange(input: start..<end, output: from..<result.bytes.count))
      copied = end
    }
    result.append(text, copied..<text.count)
    return result
  }

  // MARK: Finding spans

  /// The first character from `start` on that must be looked at closely, or `text.count`.
  private func firstConcern(_ text: Characters, from start: Int) -> Int {
    var offset = start
    var lastClass: UInt8 = 0
    while true {
      offset = text.skip(from: offset, unless: minds)
      guard offset < text.count else { return offset }
      let (properties, length) = properties(text, offset)
      guard properties.isDisjoint(with: concern) else { return offset }
      let combiningClass = properties.combiningClass
      if combiningClass != 0, combiningClass < lastClass { return offset }
      lastClass = combiningClass
      offset += length
      // What is skipped has no combining class.
      if offset < text.count, !minds[Int(text.byte(offset))] { lastClass = 0 }
    }
  }

  /// The last boundary before the character at `offset`; `first`, which is one, where none is found.
  func boundary(_ text: Characters, before offset: Int, notBefore first: Int) -> Int {
    var place = offset
    while place > first {
      place = text.characterStart(before: place, notBefore: first)
      if isBoundary(properties(text, place).properties) { return place }
    }
    return first
  }

  /// The first boundary after the character at `offset`.
  private func boundary(_ text: Characters, after offset: Int) -> Int {
    var place = offset + properties(text, offset).length
    while place < text.count {
      let (properties, length) = properties(text, place)
      if isBoundary(properties) { return place }
      place += length
    }
    return place
  }

  private func isBoundary(_ properties: NormalizationTables.Properties) -> Bool {
    properties.combiningClass == 0 && properties.isDisjoint(with: concern)
  }

  @inline(__always)
  private func properties(
    _ text: Characters, _ offset: Int
  ) -> (properties: NormalizationTables.Properties, length: Int) {
    let lead = text.byte(offset)
    guard lead >= 0x80, let (codePoint, length) = text.codePoint(offset, lead) else {
      return ([], 1)
    }
    return (tables.properties(codePoint), length)
  }

  // MARK: Rewriting a span

  /// A code point has its combining class above it.
  private static let classShift: UInt32 = 21
  private static let codePointMask: UInt32 = 1 << 21 - 1
  /// A byte that is not UTF-8 stands above all code points.
  fileprivate static let firstByte: UInt32 = 0x110000

  private func decompose(_ text: Characters, _ range: Range<Int>, into span: inout [UInt32]) {
    span.removeAll(keepingCapacity: true)
    var offset = range.lowerBound
    while offset < range.upperBound {
      let lead = text.byte(offset)
      guard lead >= 0x80 else {
        span.append(UInt32(lead))
        offset += 1
        continue
      }
      guard let (codePoint, length) = text.codePoint(offset, lead) else {
        span.append(Self.firstByte + UInt32(lead))
        offset += 1
        continue
      }
      offset += length
      if Hangul.syllables.contains(codePoint) {
        span += Hangul.parts(codePoint)
      } else if let parts = tables.decomposition(codePoint, compatibly: form.isCompatible) {
        for part in parts { span.append(classed(part)) }
      } else {
        span.append(classed(codePoint))
      }
    }
    sortMarks(&span)
  }

  private func classed(_ codePoint: UInt32) -> UInt32 {
    UInt32(tables.properties(codePoint).combiningClass) << Self.classShift | codePoint
  }

  /// Puts each run of marks into the order of their classes, marks of one class as they are.
  private func sortMarks(_ span: inout [UInt32]) {
    var start = 0
    while start < span.count {
      guard span[start] >> Self.classShift != 0 else {
        start += 1
        continue
      }
      var end = start + 1
      while end < span.count, span[end] >> Self.classShift != 0 { end += 1 }
      if end - start > 24 {
        Self.sortByCounting(&span, start..<end)
      } else {
        for index in start + 1..<max(end, start + 1) {
          let mark = span[index]
          var place = index
          while place > start, span[place - 1] >> Self.classShift > mark >> Self.classShift {
            span[place] = span[place - 1]
            place -= 1
          }
          span[place] = mark
        }
      }
      start = end
    }
  }

  private static func sortByCounting(_ span: inout [UInt32], _ run: Range<Int>) {
    var places = [Int](repeating: 0, count: 257)
    for index in run { places[Int(span[index] >> classShift) + 1] += 1 }
    for index in 1...256 { places[index] += places[index - 1] }
    let marks = Array(span[run])
    for mark in marks {
      let combiningClass = Int(mark >> classShift)
      span[run.lowerBound + places[combiningClass]] = mark
      places[combiningClass] += 1
    }
  }

  /// Joins what Unicode's canonical composition joins.
  private func compose(_ span: inout [UInt32]) {
    var used = 0
    var starter: Int?
    var lastClass: UInt32 = 0
    for index in span.indices {
      let next = span[index]
      let nextClass = next >> Self.classShift
      // Blocked: a mark of the same or a higher class, or a starter, stands between.
      if let starter, used == starter + 1 || lastClass < nextClass,
        let composite = tables.composite(span[starter], next & Self.codePointMask)
      {
        span[starter] = composite
        continue
      }
      if nextClass == 0 { starter = used }
      lastClass = nextClass
      span[used] = next
      used += 1
    }
    span.removeLast(span.count - used)
  }
}

extension NormalizedText {
  fileprivate mutating func append(_ text: Characters, _ range: Range<Int>) {
    unsafe bytes.append(
      contentsOf: UnsafeBufferPointer(
        start: text.pointer + range.lowerBound, count: range.count))
  }

  fileprivate mutating func append(_ codePoint: UInt32) {
    if let scalar = Unicode.Scalar(codePoint) {
      bytes.append(contentsOf: Character(scalar).utf8)
    } else {
      bytes.append(UInt8(truncatingIfNeeded: codePoint - Normalizer.firstByte))
    }
  }
}

extension Characters {
  /// The first byte from `start` on that begins a character one of whose kind is minded.
  @inline(__always)
  fileprivate func skip(from start: Int, unless minds: [Bool]) -> Int {
    unsafe minds.withUnsafeBufferPointer { minds in
      var offset = start
      while offset < count {
        let bytes = unsafe UnsafeRawPointer(pointer + offset)
        if offset + 64 <= count, unsafe bytes.areASCII(vectors: 4) {
          offset += 64
          continue
        }
        if offset + 16 <= count, unsafe bytes.areASCII(vectors: 1) {
          offset += 16
          continue
        }
        let end = min(offset + 16, count)
        while offset < end {
          // In bounds: there is an entry for each byte.
          if unsafe minds[Int(pointer[offset])] { return offset }
          offset += 1
        }
      }
      return offset
    }
  }
}

extension UnsafeRawPointer {
  /// Whether so many times sixteen bytes have no highest bit.
  @inline(__always)
  fileprivate func areASCII(vectors: Int) -> Bool {
    var all = SIMD2<UInt64>()
    for index in 0..<vectors {
      unsafe all |= loadUnaligned(fromByteOffset: 16 * index, as: SIMD2<UInt64>.self)
    }
    return (all[0] | all[1]) & 0x8080_8080_8080_8080 == 0
  }
}
