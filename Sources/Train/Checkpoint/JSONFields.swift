internal import Tokenize

/// The members of a JSON object, read with errors that name the file and the key.
struct JSONFields {
  let path: String
  private let node: JSONNode
  private let place: String

  /// Reads a file that holds one object.
  init(path: String) throws(TrainError) {
    let node: JSONNode
    do throws(TokenizeError) {
      node = try JSONDocument(path: path).root
    } catch .malformed(_, let place, let reason) {
      throw .malformed(path: path, place: place, reason: reason)
    } catch { throw .malformed(path: path, place: "document", reason: error.description) }
    guard node.kind == .object else {
      throw .malformed(path: path, place: "document", reason: "it is not an object")
    }
    self.init(node, path: path, place: "")
  }

  private init(_ node: JSONNode, path: String, place: String) {
    self.node = node
    self.path = path
    self.place = place
  }

  /// An error about a member.
  func problem(_ key: String, _ reason: String) -> TrainError {
    .malformed(path: path, place: place + key, reason: reason)
  }

  /// The value of a key, `nil` where it is absent or null.
  func optional(_ key: String) -> JSONNode? { node[key].flatMap { $0.isNull ? nil : $0 } }

  private func required<Value>(
    _ key: String, _ kind: String, _ read: (JSONNode) -> Value?
  ) throws(TrainError) -> Value {
    guard let value = node[key] else { throw problem(key, "it is missing") }
    guard let value = read(value) else { throw problem(key, "it has to be \(kind)") }
    return value
  }

  func integer(_ key: String) throws(TrainError) -> Int {
    try required(key, "a whole number") { $0.integer }
  }

  /// A whole number from 0 on, small enough that floating point holds it and more can be counted.
  func count(_ key: String) throws(TrainError) -> Int {
    let value = try integer(key)
    guard Self.counts.contains(value) else { throw problem(key, "\(value) cannot be") }
    return value
  }

  /// What can be counted in a run.
  static let counts = 0...(1 << 53)

  func number(_ key: String) throws(TrainError) -> Double {
    try required(key, "a number") { $0.number }
  }

  func string(_ key: String) throws(TrainError) -> String {
    try required(key, "a string") { $0.string }
  }

  func boolean(_ key: String) throws(TrainError) -> Bool {
    try required(key, "true or false") { $0.boolean }
  }

  func object(_ key: String) throws(TrainError) -> JSONFields {
    try required(key, "an object") { value in
      value.kind == .object
        ? JSONFields(value, path: path, place: place + key + ".") : nil
    }
  }

  /// All members, each read by `read`.
  func dictionary<Value>(_ read: (JSONNode) -> Value?) throws(TrainError) -> [String: Value] {
    var values: [String: Value] = [:]
    for member in node.members ?? [] {
      guard let value = read(member.value) else { throw problem(member.key, "it cannot be read") }
      values[member.key] = value
    }
    return values
  }
}

extension JSONFields {
  private func present<Value>(
    _ key: String, _ kind: String, _ read: (JSONNode) -> Value?
  ) throws(TrainError) -> Value? {
    guard let value = optional(key) else { return nil }
    guard let value = read(value) else { throw problem(key, "it has to be \(kind)") }
    return value
  }

  /// A whole number above 0, small enough that sizes can be multiplied.
  func size(_ key: String, atMost limit: Int = 1 << 31) throws(TrainError) -> Int {
    let value = try integer(key)
    guard (1...limit).contains(value) else {
      throw problem(key, "\(value) is not between 1 and \(limit)")
    }
    return value
  }

  func optionalInteger(_ key: String) throws(TrainError) -> Int? {
    try present(key, "a whole number") { $0.integer }
  }

  func optionalNumber(_ key: String) throws(TrainError) -> Double? {
    try present(key, "a number") { $0.number }
  }

  func optionalString(_ key: String) throws(TrainError) -> String? {
    try present(key, "a string") { $0.string }
  }

  func optionalBoolean(_ key: String) throws(TrainError) -> Bool? {
    try present(key, "true or false") { $0.boolean }
  }
}
