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

  /// Takes tokens as they are written, one behind the other.
  ///
  /// - Parameters:
  ///   - count: How many there are.
  ///   - idCount: More than the largest id.
  ///   - byteLimit: Most bytes of all together.
  ///   - write: Writes the bytes of a token by its number; returns its id and how many they are, or `nil`
  ///     where it is to be left out.
  @unsafe
  init(
    count: Int, idCount: Int, byteLimit: Int,
    _ write: (_ number: Int, _ room: UnsafeMutablePointer<UInt8>) -> (id: TokenID, count: Int)?
  ) {
    var places = [Place](repeating: .none, count: idCount)
    row = unsafe [UInt8](unsafeUninitializedCapacity: byteLimit) { room, used in
      guard let start = room.baseAddress else { preconditionFailure("an array has an address") }
      for number in 0..<count {
        guard let (id, size) = unsafe write(number, start + used) else { continue }
        places[Int(id)] = Place(start: UInt32(used), count: UInt32(size))
        used += size
      }
    }
    self.places = places
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
  private mutating func append(_ bytes: RawSpan, for id: Int) {
    let start = row.count
    unsafe bytes.withUnsafeBytes { unsafe row.append(contentsOf: $0) }
    extend(to: id)
    places[id] = Place(start: UInt32(start), count: UInt32(row.count - start))
  }

  private mutating func extend(to id: Int) {
    while places.count <= id { places.append(.none) }
  }
}
