import Foundation
import Machine
import TestSupport

@testable import IndexedData

/// An archive of a random text with labels, rewards, a manifest and files of a reference model.
struct ArchiveSample {
  let folder: TemporaryFolder
  let plan: PackPlan
  /// What was packed, by name.
  var files: [String: [UInt8]] = [:]

  init(
    seed: UInt64 = 1, documents: Int = 200, old: Bool = false, type: ElementType = .uint16
  ) throws {
    folder = try TemporaryFolder()
    let text = Sample.random(seed: seed, documents: documents, type: type)
    try text.write(folder, "o_text_document", old: old)
    var labels = text
    labels.type = .int32
    labels.sequences = text.sequences.map { $0.map { $0 % 3 == 0 ? -100 : $0 } }
    try labels.write(folder, "o_text_label_document")
    let rewards = try DatasetBuilder(
      DatasetOutput(prefix: folder.file("o_text_reward_document"), elementType: .float32))
    for document in text.sequences { try rewards.append(values: [Double(document.count) / 7]) }
    try rewards.finish()
    var random = SeededGenerator(seed: seed)
    try folder.write("o_manifest.json", Array("{\"a manifest\":\(seed)}\n".utf8))
    try folder.write("o_text_document_base_key.json", [])
    try folder.write(
      "o_text_document_base.logits",
      (0..<9000).map { _ in UInt8.random(in: 0...255, using: &random) })
    plan = PackPlan(
      prefix: folder.file("o_text_document"),
      companions: ["o_text_label_document", "o_text_reward_document"].map(folder.file),
      files: ["o_manifest.json", "o_text_document_base_key.json", "o_text_document_base.logits"]
        .map(folder.file))
    for name in try folder.names { files[name] = try folder.read(name) }
  }

  /// Packs it and returns the archive's path.
  @discardableResult
  func pack(
    _ name: String = "a.neoxpack", method: ArchiveMethod = .zstd(level: 3), block: Int = 1 << 12,
    workers: Int = 1, overwrite: Bool = false
  ) throws -> String {
    var settings = PackOptions()
    settings.method = method
    settings.blockByteCount = block
    settings.workers = workers
    var options = TendOptions()
    options.overwrite = overwrite
    options.isDurable = false
    _ = try packDataset(plan, to: folder.file(name), settings, options)
    return folder.file(name)
  }
}

extension Archive {
  /// All members by their names, as they are now.
  func contents() throws -> [String: [UInt8]] {
    var all: [String: [UInt8]] = [:]
    for member in members { all[originalName(of: member)] = try bytes(of: member) }
    return all
  }
}

/// An archive's bytes with their hashes set right after a change.
func rehashed(_ archive: [UInt8]) -> [UInt8] {
  var bytes = archive
  let footer = bytes.count - ArchiveLayout.footerByteCount
  func number(_ place: Int) -> Int {
    (0..<8).reduce(0) {
      $0 | Int(truncatingIfNeeded: UInt64(bytes[place + $1]) << (8 * UInt64($1)))
    }
  }
  func set(_ value: UInt64, at place: Int) {
    for byte in 0..<8 {
      bytes[place + byte] = UInt8(truncatingIfNeeded: value >> (8 * UInt64(byte)))
    }
  }
  func hash(_ parts: [ArraySlice<UInt8>]) -> UInt64 {
    unsafe ContentHash.hash(Array(parts.joined()).span.bytes)
  }
  let start = number(footer)
  if (0...footer).contains(start) {
    set(hash([bytes[..<16], bytes[start..<footer]]), at: footer + 24)
  }
  set(hash([bytes[footer..<footer + 32]]), at: footer + 32)
  return bytes
}
