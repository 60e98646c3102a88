import Foundation
import TestSupport
import Testing

@testable import IndexedData
@testable import Machine

/// What an error can leave where outputs get their names.
struct OutputNamesTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  @Test("wherever it ends, nothing new stands beside anything old", arguments: 0..<6)
  func everyStep(missing: Int) throws {
    let paths = ["a.bin", "a.idx", "b.bin", "b.idx", "b.json", "a.json"]
    for path in paths {
      try folder.write(path, [1])
      try folder.write(path + ".new", [2])
    }
    let names = OutputNames(
      replaced: paths.reversed().map { folder.file($0) },
      files: paths[..<4].map { folder.file($0) }, manifests: paths[4...].map { folder.file($0) })
    try FileManager.default.removeItem(atPath: folder.file(paths[missing] + ".new"))
    #expect(throws: IndexedDataError.self) { try names.give(isDurable: true) }
    let left = try folder.names.filter { !$0.hasSuffix(".new") }
    #expect(left == paths[..<missing].sorted())
    for path in left { #expect(try folder.read(path) == [2]) }
  }

  private func merge(
    _ manifest: @escaping @Sendable (String) -> OutputManifest
  ) throws -> [Sample] {
    let samples = (0..<4).map { Sample.random(seed: $0, documents: 9) }
    for (sample, name) in zip(samples, ["a", "b", "u", "v"]) { try sample.write(folder, name) }
    var options = TendOptions()
    options.overwrite = true
    options.manifest = { prefix throws(IndexedDataError) in manifest(prefix) }
    let replacing = options
    #expect(throws: IndexedDataError.self) {
      try mergeDatasets(
        [folder.file("a")], to: folder.file("u"),
        with: [(inputs: [folder.file("b")], output: folder.file("v"))], replacing)
    }
    return samples
  }

  @Test("where the old labels cannot be removed, no new text stands beside them")
  func removal() throws {
    let folder = folder
    let obstacle = folder.file("obstacle")
    try FileManager.default.createDirectory(atPath: obstacle, withIntermediateDirectories: false)
    let samples = try merge { prefix in
      OutputManifest(path: prefix + ".json", replaced: prefix.hasSuffix("v") ? [obstacle] : [])
    }
    #expect(try folder.pair("v") == [samples[3].idx, samples[3].bin])
    #expect(try folder.names == ["a.bin", "a.idx", "b.bin", "b.idx", "obstacle", "v.bin", "v.idx"])
  }

  @Test("where a manifest cannot get its name, all datasets have theirs", arguments: ["u", "v"])
  func manifest(name: String) throws {
    let folder = folder
    try FileManager.default.createDirectory(
      atPath: folder.file(name + ".json"), withIntermediateDirectories: false)
    let samples = try merge { prefix in
      OutputManifest(path: prefix + ".json") { _, _ in [1] }
    }
    #expect(try folder.pair("u") == [samples[0].idx, samples[0].bin])
    #expect(try folder.pair("v") == [samples[1].idx, samples[1].bin])
    #expect(try !folder.names.contains { $0.hasSuffix(".new") })
  }

  @Test("bytes are noted where somebody wants a hash, and else they stay in memory")
  func noting() throws {
    let input = try Sample.t.write(folder, "a")
    for hash in [nil, 1] as [UInt64?] {
      var record = DatasetRecord()
      record.binHash = hash
      var options = TendOptions()
      options.records = [input: record]
      let output = try OutputPair(prefix: folder.file("u"), inputs: [input], options)
      var target = try AppendFile(path: output.binPath)
      try target.append([UInt8](repeating: 0, count: 33 << 20).span.bytes)
      // More than is hashed at once, so that a note writes what is in memory.
      for place in 0..<3 {
        try target.append(number: UInt64(place))
        try output.note(place * 9..<place * 9 + 8, of: nil, appendedTo: &target, nil)
        #expect(output.origins.count == (hash == nil || place == 0 ? 0 : place))
      }
      #expect(target.writtenCount == target.byteCount - (hash == nil ? 24 : 16))
    }
  }
}
