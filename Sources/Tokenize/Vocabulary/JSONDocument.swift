internal import CSimdJSON

/// A parsed JSON file; strings stay the bytes they are.
///
/// The whole text is checked when it is parsed, UTF-8 included. Numbers beyond 64 bits and more than
/// 1024 levels are errors.
@safe
package final class JSONDocument: Sendable {
  /// What the document is called in errors, as a rule its path.
  package let path: String
  private let handle: UInt

  /// Parses `bytes`.
  ///
  /// - Throws: ``TokenizeError/malformed(path:place:reason:)`` where they are not JSON.
  package init(_ bytes: [UInt8], path: String) throws(TokenizeError) {
    self.path = path
    var code: Int32 = 0
    let parsed = unsafe bytes.withUnsafeBufferPointer { bytes in
      unsafe csj_document_parse(bytes.baseAddress, bytes.count, &code)
    }
    guard let parsed = unsafe parsed else {
      let reason = unsafe String(cString: csj_error_message(code))
      throw .malformed(
        path: path, place: "document",
        reason: bytes.isEmpty
          ? "the file is empty"
          : "it is not JSON (\(reason.hasSuffix(".") ? String(reason.dropLast()) : reason)); it may be "
            + "cut short or damaged: fetch or make it again")
    }
    handle = UInt(bitPattern: parsed)
  }

  deinit {
    unsafe csj_document_free(OpaquePointer(bitPattern: handle))
  }

  /// The outermost value.
  package var root: JSONNode {
    unsafe JSONNode(self, csj_document_root(OpaquePointer(bitPattern: handle)))
  }

  /// Reads and parses a file.
  ///
  /// - Throws: ``TokenizeError/unreadable(path:reason:)`` or
  ///   ``TokenizeError/malformed(path:place:reason:)``.
  package convenience init(path: String) throws(TokenizeError) {
    try self.init(try readWholeFile(path), path: path)
  }
}

/// A value in a ``JSONDocument``, which it keeps alive.
package struct JSONNode: Sendable {
  /// The document.
  package let document: JSONDocument
  private let words: (UInt64, UInt64)

  /// What a value is.
  package enum Kind: String, Sendable {
    /// `{…}`.
    case object
    /// `[…]`.
    case array
    /// `"…"`.
    case string
    /// A number without fraction and exponent.
    case integer
    /// Any other number.
    case fraction
    /// `true` or `false`.
    case boolean
    /// `null`.
    case null
  }

  fileprivate init(_ document: JSONDocument, _ node: csj_node) {
    self.document = document
    words = node.words
  }

  private var node: csj_node { csj_node(words: words) }

  /// What the value is.
  package var kind: Kind {
    switch csj_node_kind(node) {
    case CSJ_OBJECT: .object
    case CSJ_ARRAY: .array
    case CSJ_STRING: .string
    case CSJ_INTEGER: .integer
    case CSJ_DOUBLE: .fraction
    case CSJ_BOOLEAN: .boolean
    default: .null
    }
  }

  /// Whether the value is `null`.
  package var isNull: Bool { kind == .null }

  /// The bytes of a string, `nil` for other values.
  package var bytes: [UInt8]? {
    var length = 0
    guard let start = unsafe csj_node_string(node, &length) else { return nil }
    return unsafe Array(UnsafeRawBufferPointer(start: start, count: length))
  }

  /// Calls `body` with the bytes of a string; `nil` for other values.
  func withBytes<Outcome, Failure: Error>(
    _ body: (RawSpan) throws(Failure) -> Outcome
  ) throws(Failure) -> Outcome? {
    var length = 0
    guard let start = unsafe csj_node_string(node, &length) else { return nil }
    // The document keeps them, and this value the document.
    defer { withExtendedLifetime(document) {} }
    return try unsafe body(UnsafeRawBufferPointer(start: start, count: length).bytes)
  }

  /// A string, `nil` for other values.
  package var string: String? { bytes.map { String(decoding: $0, as: UTF8.self) } }

  /// A number without fraction and exponent that fits 64 bits, `nil` for other values.
  package var integer: Int? {
    var value: Int64 = 0
    return unsafe csj_node_integer(node, &value) ? Int(value) : nil
  }

  /// A number, `nil` for other values.
  package var number: Double? {
    var value = 0.0
    return unsafe csj_node_double(node, &value) ? value : nil
  }

  /// `true` or `false`, `nil` for other values.
  package var boolean: Bool? {
    var value = false
    return unsafe csj_node_boolean(node, &value) ? value : nil
  }
}

// MARK: - Objects and arrays

extension JSONNode {
  /// The members of an object in their order, repeated keys included; `nil` for other values.
  package var members: [(key: String, value: JSONNode)]? {
    guard kind == .object else { return nil }
    var members: [(key: String, value: JSONNode)] = []
    forEachChild { key, value in members.append((key.text, value)) }
    return members
  }

  /// The elements of an array, `nil` for other values.
  package var elements: [JSONNode]? {
    guard kind == .array else { return nil }
    var elements: [JSONNode] = []
    forEachChild { _, value in elements.append(value) }
    return elements
  }

  /// The value of a key of an object, the last one where the key is repeated, as in Python.
  package subscript(key: String) -> JSONNode? {
    guard kind == .object else { return nil }
    var found: JSONNode?
    let wanted = Array(key.utf8)
    forEachChild { key, value in if key.array == wanted { found = value } }
    return found
  }

  /// The number of members or elements, as a hint: no more than 2²⁴ - 1 are counted.
  var childCount: Int { csj_node_size(node) }

  /// Calls `body` for each member of an object or element of an array, in order; the key of an
  /// element is empty.
  package func forEachChild<Failure: Error>(
    _ body: (_ key: RawSpan, _ value: JSONNode) throws(Failure) -> Void
  ) throws(Failure) {
    var cursor = csj_cursor()
    guard unsafe csj_cursor_start(node, &cursor) else { return }
    var key: UnsafePointer<CChar>?
    var length = 0
    var value = csj_node()
    while unsafe csj_cursor_next(&cursor, &key, &length, &value) {
      let name = unsafe UnsafeRawBufferPointer(start: key, count: length)
      try unsafe body(name.bytes, JSONNode(document, value))
    }
  }
}
