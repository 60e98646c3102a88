import IndexedData
import Machine
import Tokenize

/// What `neox-train precompute` left beside a dataset `PREFIX`: log-probabilities `PREFIX_NAME` and
/// logits `PREFIX_NAME.logits`, each with its key `PREFIX_NAME_key.json`.
struct ReferenceCompanions {
  /// Log-probabilities, by name.
  var references: [CompanionCheck] = []
  /// The paths of logits, by name.
  var logits: [String] = []

  private static let ending = "_key.json"

  /// Looks for them.
  ///
  /// What begins with the longer name of another dataset belongs to that one.
  init(besideDataset prefix: String) throws {
    guard let folder = try DatasetFolder(DurableFile.folder(of: prefix)) else { return }
    let own = DurableFile.name(of: prefix)
    let stems = folder.strays.filter { $0.hasSuffix(Self.ending) }
      .map { String($0.dropLast(Self.ending.count)) }
    let texts = folder.names.filter { !stems.contains($0) }
    for stem in stems where stem.hasPrefix(own + "_") {
      let isOthers = texts.contains { $0.count > own.count && stem.hasPrefix($0 + "_") }
      guard !isOthers else { continue }
      let path = prefix + stem.dropFirst(own.count)
      if DurableFile.exists(path + ".logits") { logits.append(path + ".logits") }
      if Companions.exists(path) { references.append(try Self.check(path)) }
    }
  }

  /// Takes what the key tells of the values.
  private static func check(_ companion: String) throws -> CompanionCheck {
    let path = companion + ending
    let key = try JSONDocument(path: path).root
    var check = CompanionCheck(companion, .references)
    var record = DatasetRecord()
    record.path = path
    record.elementType = .float32
    if let values = key["values"], !values.isNull {
      guard let hash = values.string.flatMap({ UInt64($0, radix: 16) }) else {
        throw TokenizeError.malformed(
          path: path, place: "values", reason: "it has to be 16 hexadecimal digits")
      }
      record.binHash = hash
    }
    check.record = record
    check.rowLength = key["seq_length"]?.integer
    check.source = key["text"]?.string
    return check
  }
}
