import Machine
package import Tokenize

extension Manifest {
  /// Reads the manifest at a path.
  ///
  /// - Throws: ``TokenizeError/unreadable(path:reason:)`` when there is none, and
  ///   ``TokenizeError/malformed(path:place:reason:)`` when it is not what it should be.
  package init(path: String) throws(TokenizeError) {
    try self.init(JSONDocument(path: path))
  }

  /// Reads a manifest from its text; `path` is for messages.
  ///
  /// - Throws: ``TokenizeError/malformed(path:place:reason:)``.
  package init(parsing text: [UInt8], path: String) throws(TokenizeError) {
    try self.init(JSONDocument(text, path: path))
  }

  private init(_ document: JSONDocument) throws(TokenizeError) {
    let root = ManifestNode(document.root, place: "", path: document.path)
    guard try root.string("format") == Self.format else {
      throw root.fault("format", "it must be \"\(Self.format)\"")
    }
    program = try root.string("program")
    inputs = try root.list("inputs").mapThrowing(File.init)
    let tokenizer = try root.child("tokenizer")
    vocabulary = Vocabulary(
      kind: try tokenizer.string("type"), files: try tokenizer.list("files").mapThrowing(File.init),
      size: try tokenizer.count("vocabulary_size"),
      endOfDocument: try tokenizer.optional("end_of_document")?.count())
    options = try root.child("options").members { (name, value) throws(TokenizeError) in
      Option(name, try value.string())
    }
    let numbers = try root.child("counts")
    counts = PipelineCounts()
    counts.read = try numbers.count("read")
    counts.written = try numbers.count("written")
    counts.empty = try numbers.count("empty")
    counts.skipped = try numbers.count("skipped")
    counts.quarantined = try numbers.count("quarantined")
    outputs = try root.list("outputs").mapThrowing(Output.init)
    quarantine = try root.optional("quarantine").map { (node) throws(TokenizeError) in
      try File(node)
    }
  }
}

extension Manifest.File {
  fileprivate init(_ node: ManifestNode) throws(TokenizeError) {
    self.init(
      path: try node.string("path"), byteCount: try node.count("bytes"),
      hash: try node.optional("hash")?.string() ?? "",
      modified: try node.optional("modified_ns")?.whole() ?? 0)
  }
}

extension Manifest.Output {
  fileprivate init(_ node: ManifestNode) throws(TokenizeError) {
    key = try node.string("key")
    bin = try Manifest.File(node.child("bin"))
    idx = try Manifest.File(node.child("idx"))
    elementType = try node.string("element_type")
    documents = try node.count("documents")
    tokens = try node.count("tokens")
    largestID = try node.count("largest_id")
    endsFromText = try node.count("end_of_document_ids_from_text")
    let classes = try node.list("length_histogram").mapThrowing { (node) throws(TokenizeError) in
      try node.count()
    }
    guard let lengths = LengthHistogram(counts: classes) else {
      throw node.fault("length_histogram", "it has too many classes")
    }
    self.lengths = lengths
  }
}

/// A value in a manifest that knows where it is, for messages.
private struct ManifestNode {
  let node: JSONNode
  let place: String
  let path: String

  init(_ node: JSONNode, place: String, path: String) {
    self.node = node
    self.place = place
    self.path = path
  }

  func fault(_ name: String, _ reason: String) -> TokenizeError {
    let full = [place, name].filter { !$0.isEmpty }.joined(separator: ".")
    return .malformed(path: path, place: full.isEmpty ? "manifest" : full, reason: reason)
  }

  /// A member that may be absent or null.
  func optional(_ name: String) -> ManifestNode? {
    guard let value = node[name], !value.isNull else { return nil }
    let full = [place, name].filter { !$0.isEmpty }.joined(separator: ".")
    return ManifestNode(value, place: full, path: path)
  }

  func child(_ name: String) throws(TokenizeError) -> ManifestNode {
    guard let child = optional(name) else { throw fault(name, "it is missing") }
    return child
  }

  func string() throws(TokenizeError) -> String {
    guard let value = node.string else { throw fault("", "it must be a string") }
    return value
  }

  func string(_ name: String) throws(TokenizeError) -> String { try child(name).string() }

  func whole() throws(TokenizeError) -> Int {
    guard let value = node.integer else { throw fault("", "it must be a whole number") }
    return value
  }

  func count() throws(TokenizeError) -> Int {
    guard let value = node.integer, value >= 0 else {
      throw fault("", "it must be a whole number, not negative")
    }
    return value
  }

  func count(_ name: String) throws(TokenizeError) -> Int { try child(name).count() }

  func list(_ name: String) throws(TokenizeError) -> [ManifestNode] {
    let list = try child(name)
    guard let elements = list.node.elements else { throw list.fault("", "it must be a list") }
    return elements.enumerated().map {
      ManifestNode($1, place: "\(list.place)[\($0)]", path: path)
    }
  }

  func members<Value>(
    _ make: (String, ManifestNode) throws(TokenizeError) -> Value
  ) throws(TokenizeError) -> [Value] {
    guard let members = node.members else { throw fault("", "it must be an object") }
    return try members.mapThrowing { (member) throws(TokenizeError) in
      try make(
        member.key, ManifestNode(member.value, place: "\(place).\(member.key)", path: path))
    }
  }
}

extension Array {
  /// `map` that keeps the type of the error.
  fileprivate func mapThrowing<Value>(
    _ make: (Element) throws(TokenizeError) -> Value
  ) throws(TokenizeError) -> [Value] {
    var values: [Value] = []
    for element in self { values.append(try make(element)) }
    return values
  }
}
