/// The bytes of tokens by their ids, in one row; some ids have none.
package struct TokenTable: Sendable, Equatable {
  private var row: [UInt8] = []
  private var places: [Place] = []

  private struct Place: Equatable {
    var start: UInt32
    var count: UInt32

    /// Of an id without a token.
    static let none = Place(start: .max, count: 0)
  }

  /// Makes an empty table.
  init() {}

  /// Takes the bytes of each id; `nil` where an id has none.
  package init(_ tokens: [[UInt8]?]) {
    for (id, token) in tokens.enumerated() {
      if let token { unsafe append(token.span.bytes, for: id) } else { extend(to: id) }
    }
  }

  /// Makes room for so many tokens of so many bytes together.
  mutating func reserve(tokens: Int, bytes: Int) {
    places.reserveCapacity(tokens)
    row.reserveCapacity(bytes)
  }

  /// The number of ids, those without a token included.
  var count: Int { places.count }

  /// Whether an id below ``count`` has a token.
  func hasToken(_ id: Int) -> Bool { places[id] != .none }

  /// The number of bytes of a token; 0 where there is none.
  @inline(__always)
  func byteCount(of id: Int) -> Int { Int(places[id].count) }

  /// The bytes of a token; `nil` where there is none.
  subscript(id: Int) -> ArraySlice<UInt8>? {
    let place = places[id]
    guard place != .none else { return nil }
    return row[Int(place.start)..<Int(place.start + place.count)]
  }

  /// Gives an id its bytes.
  mutating func append(_ bytes: RawSpan, for id: Int) {
    let start = row.count
    unsafe bytes.withUnsafeBytes { unsafe row.append(contentsOf: $0) }
    finish(id, from: start)
  }

  /// Gives an id the bytes that `write` appends to the row; none where it appends nothing and answers
  /// false.
  mutating func append(for id: Int, _ write: (inout [UInt8]) -> Bool) -> Bool {
    let start = row.count
    guard write(&row) else {
      extend(to: id)
      return false
    }
    finish(id, from: start)
    return true
  }

  private mutating func finish(_ id: Int, from start: Int) {
    extend(to: id)
    places[id] = Place(start: UInt32(start), count: UInt32(row.count - start))
  }

  private mutating func extend(to id: Int) {
    while places.count <= id { places.append(.none) }
  }
}
