import Glibc
import IndexedData
import Machine
import Preprocess
import Tokenize

/// The manifests of datasets that a command makes of others: what the manifests of these agree in.
struct DerivedManifests: Sendable {
  /// What all outputs share; `nil` where no manifest can be written.
  private let template: Manifest?
  /// The member of the records that all inputs were made of.
  private let key: String?
  /// Files that belong to the inputs' manifests.
  private let inputFiles: [String]
  private let overwrites: Bool
  /// What the manifests tell of the files of inputs, by prefix; blocks of archives have their own hashes.
  let records: [String: DatasetRecord]

  /// Reads the manifests of the inputs of a command.
  ///
  /// Outputs get one where every input has one and all name the same vocabulary. It says that
  /// documents end with the end-of-document id only where `keepsDocuments` does not deny it. A note
  /// tells of vocabularies that differ unless it is quiet.
  init(
    command: String, inputs: [String], overwrites: Bool, keepsDocuments: Bool, isQuiet: Bool = false
  ) throws {
    let found = try inputs.map { try DatasetManifest(besideDataset: $0) }
    let parents = found.compactMap(\.self)
    records = Dictionary(
      zip(inputs, found).filter { !Archive.isArchive($0.0) }
        .compactMap { input, manifest in manifest.map { (input, $0.record) } },
      uniquingKeysWith: { first, _ in first })
    let keys = Set(parents.map(\.key))
    var template =
      parents.count < inputs.count
      ? nil
      : Manifest(
        program: "neox-index \(toolVersion) \(command)", inputs: Self.files(of: inputs),
        parents: parents.map(\.manifest))
    if template == nil, parents.count == inputs.count, !isQuiet {
      writeNote("the manifests of the inputs name different vocabularies: the output gets none")
    }
    if !keepsDocuments { template?.options.removeAll { $0.name == "append-eod" } }
    self.template = template
    key = keys.count == 1 ? keys.first ?? nil : nil
    inputFiles = Array(Set(parents.flatMap(\.files)))
    self.overwrites = overwrites
  }

  private static func files(of prefixes: [String]) -> [Manifest.File] {
    prefixes.flatMap { [$0 + ".bin", $0 + ".idx"] }.compactMap { path in
      var facts = stat()
      guard unsafe stat(path, &facts) == 0 else { return nil }
      return Manifest.File(path: path, byteCount: Int(facts.st_size), hash: "")
    }
  }

  /// What is written and what goes when the dataset `prefix` is written.
  ///
  /// - Throws: where a manifest is in the way that is an input's, that tells of other datasets as
  ///   well, or that may not be replaced.
  func manifest(for prefix: String) throws(IndexedDataError) -> OutputManifest {
    let path = Manifest.path(prefix: prefix)
    var replaced: [String] = []
    if let own = try read(path), template != nil || own.tells(of: prefix) {
      try checkIsReplaceable(own, at: path, prefix)
      replaced.append(path)
    }
    do {
      if let other = try DatasetManifest(besideDataset: prefix), other.path != path {
        try checkIsReplaceable(other.manifest, at: other.path, prefix)
        replaced.append(other.path)
      }
    } catch let error as IndexedDataError {
      throw error
    } catch {
      throw .unsuitable(path: prefix, reason: "\(error)")
    }
    guard let template else { return OutputManifest(path: path, replaced: replaced) }
    let key = key
    return OutputManifest(path: path, replaced: replaced) { dataset, files in
      let name = DurableFile.name(of: dataset.prefix)
      var manifest = template
      manifest.outputs = [
        Manifest.Output(
          key: key,
          bin: .init(
            path: name + ".bin", byteCount: files.binBytes,
            hash: "xxh64:" + ContentHash.text(files.binHash)),
          idx: .init(
            path: name + ".idx", byteCount: files.idxBytes,
            hash: "xxh64:" + ContentHash.text(files.idxHash)),
          elementType: dataset.elementType.rawValue, documents: dataset.documents,
          tokens: dataset.tokens,
          source: dataset.source.map { source in
            .init(
              path: name + ".src", byteCount: source.byteCount,
              hash: "xxh64:" + ContentHash.text(source.hash))
          })
      ]
      return manifest.fileBytes
    }
  }

  private func read(_ path: String) throws(IndexedDataError) -> Manifest? {
    guard DurableFile.exists(path) else { return nil }
    do throws(TokenizeError) {
      return try Manifest(path: path)
    } catch {
      throw .unsuitable(
        path: path, reason: "would be replaced, and is no manifest (\(error)); move it away")
    }
  }

  private func checkIsReplaceable(
    _ manifest: Manifest, at path: String, _ prefix: String
  ) throws(IndexedDataError) {
    guard FileIdentity.firstOutput([path], among: inputFiles) == nil else {
      throw .outputIsInput(path: path)
    }
    let name = DurableFile.name(of: prefix) + ".idx"
    if let stranger = manifest.outputs.first(where: { $0.idx.path != name }) {
      throw .unsuitable(
        path: path,
        reason: "is the manifest of \(stranger.idx.path) too; give another output prefix")
    }
    guard overwrites else { throw .alreadyExists(path: path) }
  }
}

extension Manifest {
  /// Whether a dataset is one of those that it describes.
  fileprivate func tells(of prefix: String) -> Bool {
    let name = DurableFile.name(of: prefix) + ".idx"
    return outputs.contains { $0.idx.path == name }
  }
}
