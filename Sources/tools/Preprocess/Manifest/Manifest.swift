internal import IndexedData
package import Machine

/// What a dataset was made of and how: the file `PREFIX_manifest.json` beside it.
///
/// It holds nothing that differs between two runs of the same command on the same input.
package struct Manifest: Equatable, Sendable {
  /// A file and what it held.
  package struct File: Equatable, Sendable {
    /// As it was named; of outputs, the name inside the manifest's folder.
    package var path: String
    /// Its size.
    package var byteCount: Int
    /// `sha256:` or `xxh64:` and hexadecimal digits; empty where it was not taken.
    package var hash: String
    /// Of inputs, when it was last changed, in nanoseconds since 1970, less than 0 before it;
    /// else 0.
    package var modified: Int

    package init(path: String, byteCount: Int, hash: String, modified: Int = 0) {
      self.path = path
      self.byteCount = byteCount
      self.hash = hash
      self.modified = modified
    }
  }

  /// The tokenizer and its vocabulary.
  package struct Vocabulary: Equatable, Sendable {
    /// GPT-NeoX's name of the tokenizer.
    package var kind: String
    /// The files it was read from.
    package var files: [File]
    /// Entries, before padding.
    package var size: Int
    /// The id that ends documents.
    package var endOfDocument: Int?

    package init(kind: String, files: [File], size: Int, endOfDocument: Int?) {
      self.kind = kind
      self.files = files
      self.size = size
      self.endOfDocument = endOfDocument
    }
  }

  /// One dataset.
  package struct Output: Equatable, Sendable {
    /// The member of the records that was tokenised; `nil` where several were.
    package var key: String?
    /// The tokens.
    package var bin: File
    /// The index.
    package var idx: File
    /// The type of a token, as ``ElementType`` names it.
    package var elementType: String
    /// Documents, empty ones included.
    package var documents: Int
    /// Tokens, end-of-document ids included.
    package var tokens: Int
    /// The largest id; `nil` of a dataset made of others.
    package var largestID: Int?
    /// End-of-document ids that came from text, not from `--append-eod`; `nil` of a dataset made of
    /// others.
    package var endsFromText: Int?
    /// Documents by length; `nil` of a dataset made of others.
    package var lengths: LengthHistogram?
    /// Of labels, how much is trained on.
    package var supervision: SupervisionCounts? = nil
    /// The file that tells where the documents came from, where there is one.
    package var source: File? = nil
  }

  /// The program and its version.
  package var program: String
  /// The inputs in order.
  package var inputs: [File]
  /// The tokenizer.
  package var vocabulary: Vocabulary
  /// Every option that has a say in the output's bytes, as flag and value, in a fixed order.
  package var options: [Option]
  /// What became of the records; `nil` of a dataset made of others.
  package var counts: PipelineCounts?
  /// The datasets, one a key.
  package var outputs: [Output]
  /// The file of records that could not become documents, where there are any.
  package var quarantine: File?
  /// What was seen of pairs of answers, where there were any.
  package var pairs: PairCounts?

  /// A flag and its value.
  package struct Option: Equatable, Sendable {
    /// The flag without dashes.
    package var name: String
    /// Its value; `true` or `false` for a switch.
    package var value: String

    package init(_ name: String, _ value: String) {
      self.name = name
      self.value = value
    }
  }

  /// What says which kind of file this is, and its version.
  static let format = "neox-swift dataset manifest 1"
  /// The version in which what is not known of a dataset made of others may be left out.
  static let derivedFormat = "neox-swift dataset manifest 2"

  /// Whether all is there that the first version must have.
  private var isComplete: Bool {
    counts != nil
      && outputs.allSatisfy {
        $0.key != nil && $0.largestID != nil && $0.endsFromText != nil && $0.lengths != nil
      }
  }

  /// The path of the manifest of an output prefix.
  package static func path(prefix: String) -> String { prefix + ManifestName.ending }
}

// MARK: - Writing

extension Manifest {
  /// The manifest as JSON, a member a line.
  package var json: JSONText {
    var members: [(String, JSONText)] = [
      ("format", .string(isComplete ? Self.format : Self.derivedFormat)),
      ("program", .string(program)), ("inputs", .array(inputs.map(Self.json))),
      (
        "tokenizer",
        .object([
          .init("type", .string(vocabulary.kind)),
          .init("files", .array(vocabulary.files.map(Self.json))),
          .init("vocabulary_size", JSONText(vocabulary.size)),
          .init("end_of_document", vocabulary.endOfDocument.map { JSONText($0) } ?? .null),
        ])
      ), ("options", .object(options.map { .init($0.name, .string($0.value)) })),
    ]
    if let counts { members.append(("counts", Self.json(counts))) }
    members += [
      ("outputs", .array(outputs.map(Self.json))),
      ("quarantine", quarantine.map(Self.json) ?? .null),
    ]
    if let pairs { members.append(("pairs", .array(pairs.numbers.map { JSONText($0) }))) }
    return members.object
  }

  /// The manifest as the bytes of its file.
  package var fileBytes: [UInt8] { json.bytes(.pretty) + [0x0A] }

  private static func json(_ counts: PipelineCounts) -> JSONText {
    .object([
      .init("read", JSONText(counts.read)), .init("written", JSONText(counts.written)),
      .init("empty", JSONText(counts.empty)), .init("skipped", JSONText(counts.skipped)),
      .init("quarantined", JSONText(counts.quarantined)),
    ])
  }

  private static func json(_ file: File) -> JSONText {
    var members: [(String, JSONText)] = [
      ("path", .string(file.path)), ("bytes", JSONText(file.byteCount)),
    ]
    if !file.hash.isEmpty { members.append(("hash", .string(file.hash))) }
    if file.modified != 0 { members.append(("modified_ns", JSONText(file.modified))) }
    return members.object
  }

  private static func json(_ output: Output) -> JSONText {
    var members: [(String, JSONText)] = []
    if let key = output.key { members.append(("key", .string(key))) }
    members += [
      ("bin", json(output.bin)), ("idx", json(output.idx)),
    ]
    if let source = output.source { members.append(("source", json(source))) }
    members += [
      ("element_type", .string(output.elementType)), ("documents", JSONText(output.documents)),
      ("tokens", JSONText(output.tokens)),
    ]
    if let largest = output.largestID { members.append(("largest_id", JSONText(largest))) }
    if let ends = output.endsFromText {
      members.append(("end_of_document_ids_from_text", JSONText(ends)))
    }
    if let lengths = output.lengths {
      members.append(("length_histogram", .array(lengths.trimmedCounts.map { JSONText($0) })))
    }
    if let supervision = output.supervision {
      members.append(("supervision", .array(supervision.numbers.map { JSONText($0) })))
    }
    return members.object
  }
}

extension [(String, JSONText)] {
  fileprivate var object: JSONText { .object(map { .init($0.0, $0.1) }) }
}

extension Manifest {
  /// What tells this shard's manifest and another's that they are not of one run: the name of an
  /// option or an input; `nil` where they agree.
  ///
  /// What becomes of bad records may differ, and so may folders.
  package func difference(ofShard other: Manifest) -> String? {
    let own = ["shard", "on-error"]
    let mine = options.filter { !own.contains($0.name) }
    let theirs = other.options.filter { !own.contains($0.name) }
    guard mine.map(\.name) == theirs.map(\.name) else { return "the set of options" }
    for (a, b) in zip(mine, theirs) where a != b { return "--\(a.name)" }
    guard inputs.count == other.inputs.count else { return "the number of inputs" }
    func name(_ file: File) -> Substring { file.path.split(separator: "/").last ?? "" }
    for (a, b) in zip(inputs, other.inputs)
    where name(a) != name(b) || a.byteCount != b.byteCount
      || !a.hash.isEmpty && !b.hash.isEmpty && a.hash != b.hash
    {
      return "the input \(b.path)"
    }
    return nil
  }
}
