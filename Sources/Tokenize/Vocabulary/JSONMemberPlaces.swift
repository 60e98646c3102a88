/// Where the members of an object lie in the text of a JSON document that has been parsed.
///
/// Only messages need it: the text is looked through again, as a parsed document keeps no places. Of a key
/// that is repeated the last member counts, as in ``JSONNode``.
struct JSONMemberPlaces {
  private let text: [UInt8]
  private var place = 0

  init(_ text: [UInt8]) { self.text = text }

  /// The byte at which the key of a member begins, by the number of the member in the object to which
  /// `keys` lead; `nil` where there is none.
  func byte(ofMember number: Int, in keys: [String] = []) -> Int? {
    var search = self
    return search.find(number, keys[...])
  }

  private mutating func find(_ number: Int, _ keys: ArraySlice<String>) -> Int? {
    skip { $0 <= 0x20 }
    guard place < text.count, text[place] == UInt8(ascii: "{") else { return nil }
    place += 1
    var count = 0
    var inner: Int?
    while true {
      skip { $0 <= 0x20 || $0 == UInt8(ascii: ",") }
      guard place < text.count, text[place] == UInt8(ascii: "\"") else { break }
      let start = place
      skipString()
      if keys.isEmpty, count == number { return start }
      count += 1
      let key = text[start..<place].dropFirst().dropLast()
      skip { $0 <= 0x20 || $0 == UInt8(ascii: ":") }
      if let wanted = keys.first, key.elementsEqual(wanted.utf8) { inner = place }
      skipValue()
    }
    guard let inner else { return nil }
    place = inner
    return find(number, keys.dropFirst())
  }

  private mutating func skip(while isSkipped: (UInt8) -> Bool) {
    while place < text.count, isSkipped(text[place]) { place += 1 }
  }

  /// Goes behind the string that begins here.
  private mutating func skipString() {
    place += 1
    while place < text.count, text[place] != UInt8(ascii: "\"") {
      place += text[place] == UInt8(ascii: "\\") ? 2 : 1
    }
    place = min(place + 1, text.count)
  }

  /// Goes to the comma or the bracket behind the value that begins here.
  private mutating func skipValue() {
    var depth = 0
    while place < text.count {
      switch text[place] {
      case UInt8(ascii: "\""):
        skipString()
        continue
      case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
      case UInt8(ascii: "}"), UInt8(ascii: "]"):
        if depth == 0 { return }
        depth -= 1
      case UInt8(ascii: ",") where depth == 0: return
      default: break
      }
      place += 1
    }
  }
}
