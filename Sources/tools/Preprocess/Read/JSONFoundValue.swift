/// A value that the scanner was asked for.
struct FoundValue: Equatable, Sendable {
  enum Kind: Sendable {
    case string
    /// A list; ``FoundValue/strangeElement`` tells whether of strings only.
    case list
    case object
    case number
    case `true`
    /// `null`, `false` or a number that is zero.
    case falsy
  }

  var kind: Kind
  /// The value's bytes, from the start of the record.
  var range: Range<Int>
  /// Elements of a list, or members of an object that is not empty.
  var elementCount = 0
  /// Whether a string, or a string of a list, has a character.
  var hasText = false
  /// The first element of a list that is no string.
  var strangeElement: Int?
  /// The first escape of a surrogate without its other half.
  var loneSurrogate: Int?

  /// Whether Python takes the value, or the strings of the list joined, for false.
  var isEmpty: Bool {
    switch kind {
    case .falsy: true
    case .string: !hasText
    case .list: strangeElement == nil && elementCount < 2 && !hasText
    case .object: elementCount == 0
    case .number, .true: false
    }
  }

  /// Why the value is not text, and where; `nil` when it is.
  var fault: JSONScanner.Fault? {
    let reason: String
    if isEmpty { return nil }
    switch kind {
    case .falsy: return nil
    case .number: reason = "a number where text was expected"
    case .true: reason = "'true' where text was expected"
    case .object: reason = "an object where text was expected"
    case .string, .list:
      if let strangeElement {
        return .init(offset: strangeElement, reason: "a list with an element that is not a string")
      }
      return loneSurrogate.map {
        .init(offset: $0, reason: "an escape of half a surrogate pair, which is no character")
      }
    }
    return .init(offset: range.lowerBound, reason: reason)
  }
}

extension JSONScanner {
  /// Notes that a value begins at the current byte.
  mutating func noteValue(_ kind: FoundValue.Kind) {
    let found = FoundValue(kind: kind, range: offset..<offset)
    switch containers.count {
    case 0:
      root = found
    case 1 where containers[0]:
      if let current { values[current] = found }
    case 2 where containers[0]:
      let place = offset
      changeWanted {
        $0.elementCount += 1
        if kind != .string && $0.strangeElement == nil { $0.strangeElement = place }
      }
    default:
      break
    }
  }

  /// Notes something about the string that is being read, when it is wanted text.
  mutating func noteText(_ note: (inout FoundValue) -> Void) {
    switch containers.count {
    case 0: changeRoot(note)
    case 1 where containers[0], 2 where containers[0]: changeWanted(note)
    default: break
    }
  }

  /// Notes that the number which is being read is zero.
  mutating func becomeFalsy() {
    switch containers.count {
    case 0: changeRoot { $0.kind = .falsy }
    case 1 where containers[0]: changeWanted { $0.kind = .falsy }
    default: break
    }
  }

  /// Ends the value that is being read.
  mutating func endValue(at end: Int) {
    state = containers.isEmpty ? .done : .commaOrEnd
    switch containers.count {
    case 0: changeRoot { $0.range = $0.range.lowerBound..<end }
    case 1 where containers[0]: changeWanted { $0.range = $0.range.lowerBound..<end }
    default: break
    }
  }

  private mutating func changeRoot(_ change: (inout FoundValue) -> Void) {
    guard var value = root else { return }
    change(&value)
    root = value
  }

  private mutating func changeWanted(_ change: (inout FoundValue) -> Void) {
    guard let current, var value = values[current] else { return }
    change(&value)
    values[current] = value
  }
}

// MARK: - Verdict

extension JSONScanner {
  /// What a record is, after ``finish()``.
  enum Verdict: Equatable {
    case fault(Fault)
    /// Every wanted text is empty.
    case empty
    /// The value of each wanted member; `nil` for an empty one.
    case texts([Range<Int>?])
  }

  /// Says that a member is absent, and how keys are meant where the key looks as if it was meant
  /// otherwise.
  private func missing(_ key: [UInt8]) -> String {
    let said =
      "the object has no member \"\(String(decoding: key, as: UTF8.self))\""
      + Self.list(memberNames.map { String(decoding: $0, as: UTF8.self) })
    if key.contains(UInt8(ascii: ",")) {
      return said + " (--jsonl-keys takes several keys with spaces between, not commas)"
    }
    if key.contains(UInt8(ascii: ".")) {
      return said + " (--jsonl-keys names members of the record itself, not of objects inside it)"
    }
    return said
  }

  /// Says which members an object has instead.
  static func list(_ names: [String]) -> String {
    guard !names.isEmpty else { return "" }
    let told = names.prefix(toldNames.count).map { "\"\($0.prefix(toldNames.bytes))\"" }
    return "; it has " + told.joined(separator: ", ")
      + (names.count > told.count ? " and others" : "")
  }

  /// Judges the record.
  func verdict() -> Verdict {
    if let fault { return .fault(fault) }
    guard let root else { return .fault(Fault(offset: 0, reason: "the line is blank")) }
    let start = root.range.lowerBound
    if root.kind == .object {
      var texts: [Range<Int>?] = []
      for (key, value) in zip(keys, values) {
        guard let value else {
          return .fault(Fault(offset: start, reason: missing(key), isMissingMember: true))
        }
        if let fault = value.fault { return .fault(fault) }
        texts.append(value.isEmpty ? nil : value.range)
      }
      return texts.allSatisfy { $0 == nil } ? .empty : .texts(texts)
    }
    if root.kind == .string && keys.count == 1 {
      if let fault = root.fault { return .fault(fault) }
      return root.isEmpty ? .empty : .texts([root.range])
    }
    let found =
      switch root.kind {
      case .string: "a string"
      case .list: "a list"
      case .number: "a number"
      default: "null, true, false or 0"
      }
    return .fault(Fault(offset: start, reason: "\(found) where an object was expected"))
  }
}
