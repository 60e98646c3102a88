/// A string inside a template, which remembers what message it was read from.
///
/// Bytes, not a Swift string: Python compares and cuts strings by code points.
struct TemplateText: Sendable {
  /// UTF-8.
  var bytes: [UInt8]
  /// The number of the message that some of the text comes from; `nil` where none of it does.
  var turn: Int?
  /// How many bytes from the start are certainly the template's own, or a role.
  var markupCount: Int

  /// The template's own text.
  init(_ bytes: [UInt8]) {
    self.bytes = bytes
    markupCount = bytes.count
  }

  /// The template's own text.
  init(_ text: String) { self.init(Array(text.utf8)) }

  /// What is made of text of `source`, at a place that is not known.
  init(_ bytes: [UInt8], of source: TemplateText) {
    self.bytes = bytes
    turn = source.turn
    markupCount = source.markupCount == source.bytes.count ? bytes.count : 0
  }

  /// Text of a message.
  init(_ text: String, turn: Int, isRole: Bool) {
    bytes = Array(text.utf8)
    self.turn = turn
    markupCount = isRole ? bytes.count : 0
  }

  /// The text as a Swift string.
  var string: String { String(decoding: bytes, as: UTF8.self) }

  /// Appends a text; the first one to come from a message says which.
  mutating func append(_ other: TemplateText) {
    if markupCount == bytes.count { markupCount += other.markupCount }
    bytes += other.bytes
    turn = turn ?? other.turn
  }

  /// A part of the text.
  func part(_ range: Range<Int>) -> TemplateText {
    var part = TemplateText(Array(bytes[range]), of: self)
    part.markupCount = min(max(markupCount - range.lowerBound, 0), range.count)
    return part
  }

  /// Where each code point starts, and the end.
  var characterStarts: [Int] {
    bytes.indices.filter { bytes[$0] & 0xC0 != 0x80 } + [bytes.count]
  }

  /// The number of code points.
  var characterCount: Int { bytes.count { $0 & 0xC0 != 0x80 } }

  /// The code points, each a text.
  var characters: [TemplateText] {
    let starts = characterStarts
    return zip(starts, starts.dropFirst()).map { part($0..<$1) }
  }

  /// In how many places `wanted` is found, none of which overlap, but `limit` at most; an empty text
  /// is found before each code point and at the end.
  func count(of wanted: [UInt8], limit: Int) -> Int {
    guard !wanted.isEmpty else { return min(characterCount + 1, limit) }
    var count = 0
    var start = 0
    while count < limit, let found = firstRange(of: wanted, from: start) {
      start = found.upperBound
      count += 1
    }
    return count
  }

  /// How many words there are between white space.
  var wordCount: Int {
    var count = 0
    var isInside = false
    for scalar in string.unicodeScalars {
      let isSpace = Self.isSpace(scalar)
      if !isSpace, !isInside { count += 1 }
      isInside = !isSpace
    }
    return count
  }

  /// Where the code point of a number, from 0, starts; the end where there are not so many.
  func start(ofCharacter number: Int) -> Int {
    var left = number
    for place in bytes.indices where bytes[place] & 0xC0 != 0x80 {
      if left == 0 { return place }
      left -= 1
    }
    return bytes.count
  }

  /// The text `count` times.
  func repeated(_ count: Int) -> TemplateText {
    let total = bytes.count * count
    guard total > 0 else { return TemplateText([], of: self) }
    var result = bytes
    result.reserveCapacity(total)
    while result.count <= total / 2 { result += result }
    result += result[..<(total - result.count)]
    return TemplateText(result, of: self)
  }

  /// The text with its code points in the other direction.
  var reversed: TemplateText {
    var result: [UInt8] = []
    result.reserveCapacity(bytes.count)
    var end = bytes.count
    for place in bytes.indices.reversed() where bytes[place] & 0xC0 != 0x80 {
      result += bytes[place..<end]
      end = place
    }
    return TemplateText(result, of: self)
  }

  /// Where `wanted` is first found from `start` on; `nil` for nowhere.
  func firstRange(of wanted: [UInt8], from start: Int = 0) -> Range<Int>? {
    guard !wanted.isEmpty, wanted.count <= bytes.count else { return nil }
    var place = start
    while place <= bytes.count - wanted.count {
      if bytes[place] == wanted[0], bytes[place..<place + wanted.count].elementsEqual(wanted) {
        return place..<place + wanted.count
      }
      place += 1
    }
    return nil
  }

  /// The text without the characters of `set` at its ends; white space where `set` is `nil`.
  func stripped(_ set: [UInt8]?, left: Bool, right: Bool) -> TemplateText {
    let wanted = set.map { Set(String(decoding: $0, as: UTF8.self).unicodeScalars) }
    func isStripped(_ scalar: Unicode.Scalar) -> Bool {
      wanted?.contains(scalar) ?? Self.isSpace(scalar)
    }
    let scalars = string.unicodeScalars
    var start = scalars.startIndex
    var end = scalars.endIndex
    if left { while start < end, isStripped(scalars[start]) { scalars.formIndex(after: &start) } }
    if right {
      while start < end {
        let before = scalars.index(before: end)
        guard isStripped(scalars[before]) else { break }
        end = before
      }
    }
    let first = scalars[..<start].reduce(0) { $0 + UTF8.width($1) }
    let length = scalars[start..<end].reduce(0) { $0 + UTF8.width($1) }
    return part(first..<first + length)
  }

  /// Python's white space: Unicode's, and the four separators of ASCII.
  static func isSpace(_ scalar: Unicode.Scalar) -> Bool {
    scalar.properties.isWhitespace || (0x1C...0x1F).contains(scalar.value)
  }

  /// The text with up to `limit` places of `old` replaced.
  func replacing(_ old: TemplateText, with new: TemplateText, limit: Int) -> TemplateText {
    var result = TemplateText([])
    var start = 0
    var count = 0
    if old.bytes.isEmpty {
      for character in characters where count < limit {
        result.append(new)
        result.append(character)
        start += character.bytes.count
        count += 1
      }
      result.append(part(start..<bytes.count))
      if count < limit { result.append(new) }
      return result
    }
    while count < limit, let found = firstRange(of: old.bytes, from: start) {
      result.append(part(start..<found.lowerBound))
      result.append(new)
      start = found.upperBound
      count += 1
    }
    result.append(part(start..<bytes.count))
    return result
  }

  /// The parts between places of `separator`, at most `limit` cuts; at white space where it is `nil`.
  func split(_ separator: [UInt8]?, limit: Int) -> [TemplateText] {
    var parts: [TemplateText] = []
    var start = 0
    guard let separator else {
      var rest = stripped(nil, left: true, right: false)
      while !rest.bytes.isEmpty {
        guard parts.count < limit else {
          return parts + [rest.stripped(nil, left: false, right: true)]
        }
        let end = rest.wordEnd
        parts.append(rest.part(0..<end))
        rest = rest.part(end..<rest.bytes.count).stripped(nil, left: true, right: false)
      }
      return parts
    }
    while parts.count < limit, let found = firstRange(of: separator, from: start) {
      parts.append(part(start..<found.lowerBound))
      start = found.upperBound
    }
    return parts + [part(start..<bytes.count)]
  }

  private var wordEnd: Int {
    var end = 0
    for scalar in string.unicodeScalars {
      if Self.isSpace(scalar) { break }
      end += UTF8.width(scalar)
    }
    return end
  }

  /// As ``split(_:limit:)`` at a separator, from the right.
  func splitFromRight(_ separator: [UInt8], limit: Int) -> [TemplateText] {
    var parts: [TemplateText] = []
    var end = bytes.count
    var place = end - separator.count
    while place >= 0, parts.count < limit {
      if bytes[place..<place + separator.count].elementsEqual(separator) {
        parts.append(part(place + separator.count..<end))
        end = place
        place -= separator.count
      } else {
        place -= 1
      }
    }
    return [part(0..<end)] + parts.reversed()
  }
}
