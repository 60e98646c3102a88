import Glibc
import IndexedData
import Machine
import Preprocess
import Synchronization
import Tokenize

/// The manifest that was written beside a dataset, and the dataset's part of it.
struct DatasetManifest {
  let path: String
  let manifest: Manifest
  private let output: Manifest.Output
  private let folder: String

  /// Finds it by its name.
  ///
  /// That of a dataset in an archive is in the archive as well. A note tells of one that may be its own
  /// but names it otherwise.
  init?(besideDataset prefix: String) throws {
    if Archive.isArchive(prefix) {
      try self.init(archive: Archive(path: prefix))
      return
    }
    let folder = prefix.utf8.lastIndex(of: UInt8(ascii: "/")).map { String(prefix[...$0]) } ?? ""
    let name = String(prefix.dropFirst(folder.count)) + ".idx"
    var others: [(path: String, manifest: Manifest)] = []
    for path in ManifestName.paths(besideDataset: prefix) {
      let manifest = try Manifest(path: path)
      guard let output = manifest.outputs.first(where: { $0.idx.path == name }) else {
        others.append((path, manifest))
        continue
      }
      self.init(path: path, manifest: manifest, output: output, folder: folder)
      return
    }
    for other in others { Self.noteOtherName(of: prefix, in: other.manifest, at: other.path) }
    return nil
  }

  /// Manifests of which a note told.
  private static let noted = Mutex<Set<String>>([])

  /// Tells, once a manifest, where it names a dataset with the sizes of another name: one of the two was
  /// renamed by hand.
  private static func noteOtherName(of prefix: String, in manifest: Manifest, at path: String) {
    let sizes = [".bin", ".idx"].map { byteCount(prefix + $0) }
    let twin = manifest.outputs.first { [$0.bin.byteCount, $0.idx.byteCount] == sizes }
    guard let twin, noted.withLock({ $0.insert(path).inserted }) else { return }
    writeNote(
      "\(path): tells of \(twin.idx.path.dropLast(".idx".count)), which has the sizes of \(prefix), and"
        + " not of a dataset of that name, so that it is not used; it is where the files have the"
        + " names that it tells")
  }

  private static func byteCount(_ path: String) -> Int? {
    var facts = stat()
    return unsafe stat(path, &facts) == 0 ? Int(facts.st_size) : nil
  }

  private init(path: String, manifest: Manifest, output: Manifest.Output, folder: String) {
    self.path = path
    self.manifest = manifest
    self.output = output
    self.folder = folder
  }

  private init?(archive: Archive) throws {
    for member in archive.members where member.name.ending.hasSuffix(ManifestName.ending) {
      let path = archive.path + "!" + archive.originalName(of: member)
      let manifest = try Manifest(parsing: archive.bytes(of: member), path: path)
      let name = archive.datasetName + ".idx"
      guard let output = manifest.outputs.first(where: { $0.idx.path == name }) else { continue }
      self.init(path: path, manifest: manifest, output: output, folder: archive.path + "!")
      return
    }
    return nil
  }

  /// The vocabulary's size and end-of-document id.
  var vocabularySize: Int { manifest.vocabulary.size }
  var endOfDocument: Int? { manifest.vocabulary.endOfDocument }

  /// The member of the records that was tokenised; `nil` where several were.
  var key: String? { output.key }

  /// Whether it is of the run that read the records, and so knows what belongs to what.
  var tellsOfCompanions: Bool { manifest.counts != nil }

  /// Whether it names a file that tells where the documents came from.
  var hasSource: Bool { output.source != nil }

  /// What the dataset holds.
  var kind: Companions.Kind {
    if output.supervision != nil { return .labels }
    return hasRewards && output.largestID == nil ? .rewards : .text
  }

  /// The text's labels; `nil` where it has none.
  var labels: CompanionCheck? {
    guard let key else { return nil }
    // GPT-NeoX's script for masks calls the labels of `text` so.
    let names = key == "text" ? ["text_label", "label"] : [key + "_label"]
    return companion(.labels) { $0.supervision != nil && names.contains($0.key ?? "") }
  }

  /// The text's rewards; `nil` where it has none.
  var rewards: CompanionCheck? {
    guard let key, hasRewards else { return nil }
    return companion(.rewards) { $0.largestID == nil && $0.key == key + "_reward" }
  }

  private var hasRewards: Bool {
    manifest.options.contains { $0.name == "reward-key" && !$0.value.isEmpty }
  }

  private func companion(
    _ kind: CompanionCheck.Kind, _ isIt: (Manifest.Output) -> Bool
  ) -> CompanionCheck? {
    manifest.outputs.first(where: isIt).map { output in
      CompanionCheck(
        folder + output.idx.path.dropLast(".idx".count), kind, record: record(of: output))
    }
  }

  /// Whether an end-of-document id was put behind each document.
  var appendsEndOfDocument: Bool {
    manifest.options.contains { $0.name == "append-eod" && $0.value == "true" }
  }

  /// Files that belong to the dataset beside its own two: the manifest and the vocabulary.
  var files: [String] { [path] + manifest.vocabulary.files.map(\.path) }

  /// Hashes of the vocabulary's files, in order.
  var vocabularyHashes: [String] { manifest.vocabulary.files.map(\.hash) }

  /// What the files should be.
  var record: DatasetRecord { record(of: output) }

  private func record(of output: Manifest.Output) -> DatasetRecord {
    var record = DatasetRecord()
    record.path = path
    record.elementType = ElementType(rawValue: output.elementType)
    record.binBytes = output.bin.byteCount
    record.idxBytes = output.idx.byteCount
    record.binHash = Self.xxHash(output.bin.hash)
    record.idxHash = Self.xxHash(output.idx.hash)
    record.sourceBytes = output.source?.byteCount
    record.sourceHash = output.source.flatMap { Self.xxHash($0.hash) }
    return record
  }

  /// The token that `--eod-token` named; `nil` where it was not given.
  private var endOfDocumentToken: String? {
    manifest.options.first { $0.name == "eod-token" && !$0.value.isEmpty }?.value
  }

  private static func xxHash(_ text: String) -> UInt64? {
    text.hasPrefix("xxh64:") ? UInt64(text.dropFirst(6), radix: 16) : nil
  }

  /// The tokenizer, when its files are still what they were; else `nil` and a note.
  func tokenizer() throws -> (any Tokenizer)? {
    guard let kind = TokenizerKind(name: manifest.vocabulary.kind) else { return nil }
    for file in manifest.vocabulary.files {
      guard DurableFile.exists(file.path) else {
        writeNote(
          "\(file.path): named by \(path), and not there, seen from this folder; name a tokenizer to see"
            + " text")
        return nil
      }
      guard try "sha256:" + SHA256.hexadecimal(ofFileAt: file.path) == file.hash else {
        writeNote("\(file.path): has changed since \(path) was written; name a tokenizer")
        return nil
      }
    }
    let files = manifest.vocabulary.files.map(\.path)
    var vocabulary = files.first
    if kind == .huggingFaceGPT2 { vocabulary = vocabulary.map(DurableFile.folder) }
    return try loadTokenizer(
      TokenizerChoice(
        kind: kind, vocabularyFile: vocabulary, mergeFile: files.dropFirst().first,
        endOfDocumentToken: endOfDocumentToken))
  }
}
