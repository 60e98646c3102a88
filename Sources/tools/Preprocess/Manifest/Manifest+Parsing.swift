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
    let format = try root.string("format")
    let isDerived = format == Self.derivedFormat
    guard isDerived || format == Self.format else {
      throw root.fault("format", "it must be \"\(Self.format)\" or \"\(Self.derivedFormat)\"")
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
    // The first version must have what the second may leave out.
    counts = try root.part("counts", isDerived).map { (node) throws(TokenizeError) in
      try PipelineCounts(node)
    }
    outputs = try root.list("outputs").mapThrowing { (node) throws(TokenizeError) in
      try Output(node, isDerived)
    }
    pairs = try root.optional("pairs").map { (node) throws(TokenizeError) in
      guard let pairs = PairCounts(numbers: try node.counts()) else {
        throw node.fault("", "it must be a list of \(PairCounts.numberCount) counts")
      }
      return pairs
    }
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

extension PipelineCounts {
  fileprivate init(_ node: ManifestNode) throws(TokenizeError) {
    self.init()
    read = try node.count("read")
    written = try node.count("written")
    empty = try node.count("empty")
    skipped = try node.count("skipped")
    quarantined = try node.count("quarantined")
  }
}

extension Manifest.Output {
  fileprivate init(_ node: ManifestNode, _ isDerived: Bool) throws(TokenizeError) {
    key = try node.part("key", isDerived)?.string()
    bin = try Manifest.File(node.child("bin"))
    idx = try Manifest.File(node.child("idx"))
    source = try node.optional("source").map { (part) throws(TokenizeError) in
      try Manifest.File(part)
    }
    elementType = try node.string("element_type")
    documents = try node.count("documents")
    tokens = try node.count("tokens")
    largestID = try node.part("largest_id", isDerived)?.count()
    endsFromText = try node.part("end_of_document_ids_from_text", isDerived)?.count()
    supervision = try node.optional("supervision").map { (part) throws(TokenizeError) in
      guard let counts = SupervisionCounts(numbers: try part.counts()) else {
        throw part.fault("", "it has too few or too many counts")
      }
      return counts
    }
    lengths = try node.part("length_histogram", isDerived).map { (part) throws(TokenizeError) in
      let classes = try part.list().mapThrowing { (node) throws(TokenizeError) in
        try node.count()
      }
      guard let lengths = LengthHistogram(counts: classes) else {
        throw part.fault("", "it has too many classes")
      }
      return lengths
    }
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

  /// A list of counts.
  func counts() throws(TokenizeError) -> [Int] {
    try list().mapThrowing { (node) throws(TokenizeError) in try node.count() }
  }

  /// A member that may be absent only where `mayLack` says so.
  func part(_ name: String, _ mayLack: Bool) throws(TokenizeError) -> ManifestNode? {
    if mayLack { return optional(name) }
    return try child(name)
  }

  func list(_ name: String) throws(TokenizeError) -> [ManifestNode] { try child(name).list() }

  func list() throws(TokenizeError) -> [ManifestNode] {
    guard let elements = node.elements else { throw fault("", "it must be a list") }
    return elements.enumerated().map {
      ManifestNode($1, place: "\(place)[\($0)]", path: path)
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
