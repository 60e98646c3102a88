import Foundation
import TestSupport
import Testing

@testable import IndexedData

/// Maps that GPT-NeoX left behind when it was run.
@Suite(
  "Recorded maps", .enabled(if: SharedMaterial.isPresent, Comment(rawValue: SharedMaterial.absent)))
struct RecordedMapsTests {
  private static let golden = SharedMaterial.path("golden/")

  private func dataset(_ name: String) throws -> IndexedDataset {
    try IndexedDataset(prefix: Self.golden + "data/" + name)
  }

  private func expectEqual(_ maps: SampleMaps, recordedAs base: String) throws {
    for (map, name) in [
      (maps.documentIndices, "doc_idx"), (maps.sampleIndices, "sample_idx"),
      (maps.shuffleIndices, "shuffle_idx"),
    ] {
      let recorded = MapNumbers.file(try NumPyFile(path: "\(base)_\(name).npy"))
      #expect(map.type == recorded.type && map.bytes == recorded.bytes, "\(base) \(name)")
    }
  }

  // "…_train_0_indexmap_41ns_128sl_4321s_pack_until_overflowpi_ac_doc_idx.npy"
  private struct Name {
    var prefix: String
    var part: String
    var place: Int?
    var request: OrderRequest

    init?(_ file: String) {
      guard file.hasSuffix("_doc_idx.npy"), let mark = file.range(of: "_indexmap_") else {
        return nil
      }
      var words = file[..<mark.lowerBound].split(separator: "_").map(String.init)
      place = words.last.flatMap(Int.init)
      if place != nil { words.removeLast() }
      part = words.removeLast()
      prefix = words.joined(separator: "_")
      let options = file[mark.upperBound...].dropLast("_doc_idx.npy".count)
      let fields = options.split(separator: "_", maxSplits: 3).map(String.init)
      guard fields.count == 4, let samples = Int(fields[0].dropLast(2)),
        let length = Int(fields[1].dropLast(2)), let seed = UInt32(fields[2].dropLast(1)),
        let packing = Packing(
          rawValue: fields[3].replacingOccurrences(of: "pi_ac", with: "")
            .replacingOccurrences(of: "pi", with: ""))
      else { return nil }
      request = OrderRequest(
        documents: 0..<0, length: .samples(samples), sequenceLength: length, seed: seed,
        packing: packing)
    }
  }

  @Test("the maps of every recorded run")
  func runs() throws {
    var compared = 0
    for run in try FileManager.default.contentsOfDirectory(atPath: Self.golden).sorted() {
      let folder = Self.golden + run + "/maps"
      let files = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
      let config = try? String(contentsOfFile: Self.golden + run + "/config.yml", encoding: .utf8)
      for name in files.sorted().compactMap(Name.init) {
        let text = try dataset(name.prefix)
        var data = OrderData(text: text)
        var request = name.request
        request.documents = 0..<text.sequenceCount
        if name.place == nil {
          let split = try #require(config?.firstMatch(of: /"split": "([^"]*)"/)).1
          let boundaries = try splitBoundaries(String(split), count: text.sequenceCount)
          let part = try #require(["train", "valid", "test"].firstIndex(of: name.part))
          request.documents = boundaries[part]..<boundaries[part + 1]
        }
        if request.packing != .packed {
          let stem = String(name.prefix.dropLast("_document".count))
          data.labels = try dataset(stem + "_label_document")
          if config?.contains("\"dataset_impl\": \"pairwise\"") == true {
            let negative = stem.replacingOccurrences(of: "_pos", with: "_neg")
            data.negative = try dataset(negative + "_document")
            data.negativeLabels = try dataset(negative + "_label_document")
          }
        }
        let files = MapFiles(request, data, name: name.part + (name.place.map { "_\($0)" } ?? ""))
        let base = URL(filePath: files.base).lastPathComponent
        try expectEqual(files.prepare(.memory).maps, recordedAs: folder + "/" + base)
        compared += 1
      }
    }
    #expect(compared >= 20)
  }

  @Test("the maps of many settings")
  func settings() throws {
    struct Entry: Decodable {
      var name: String
      var error: String?
    }
    let folder = Self.golden + "tables/indexmaps/"
    let entries = try JSONDecoder().decode(
      [Entry].self, from: Data(contentsOf: URL(filePath: folder + "meta.json")))
    var compared = 0
    for entry in entries {
      func number(_ pattern: String) -> Int? {
        entry.name.range(of: pattern + "[0-9]+", options: .regularExpression).flatMap {
          Int(String(entry.name[$0].reversed().prefix(while: \.isNumber).reversed()))
        }
      }
      let isPacked = entry.name.hasPrefix("packed")
      let text = try dataset(isPacked ? "books40_text_document" : "train_pos_document")
      var data = OrderData(text: text)
      var samples = OrderLength.epochs(number("_ep") ?? 0)
      if let count = number("_ns") { samples = .samples(count) }
      var request = OrderRequest(
        documents: 0..<text.sequenceCount, length: samples,
        sequenceLength: try #require(number("_sl")), seed: UInt32(try #require(number("_seed"))))
      if isPacked {
        let first = try #require(number("docs"))
        request.documents = first..<(try #require(number("docs\(first)-")))
      } else {
        request.packing = entry.name.contains("unpacked") ? .unpacked : .packUntilOverflow
        request.allowsChopping = number("_ac") == 1
        let hasLabels = number("_label") == 1
        if hasLabels { data.labels = try dataset("train_pos_label_document") }
        if entry.name.hasPrefix("pairwise") {
          data.negative = try dataset("train_neg_document")
          if hasLabels { data.negativeLabels = try dataset("train_neg_label_document") }
          request.neoxQuirks = true
        }
      }
      // Where GPT-NeoX fails, there is nothing to compare with.
      guard entry.error == nil else { continue }
      try expectEqual(SampleMaps(request, data), recordedAs: folder + entry.name)
      compared += 1
    }
    #expect(compared >= 30)
  }

  @Test("blends", arguments: 0..<4)
  func blends(number: Int) throws {
    struct Entry: Decodable {
      var weights: [Double]
      var size: Int
    }
    let base = Self.golden + "tables/blend\(number)"
    let entry = try JSONDecoder().decode(
      Entry.self, from: Data(contentsOf: URL(filePath: base + ".json")))
    let blend = Blend(weights: entry.weights, count: entry.size)
    let datasets = try NumPyFile(path: base + "_dataset_index.npy")
    let samples = try NumPyFile(path: base + "_dataset_sample_index.npy")
    try #require(datasets.count == entry.size && samples.count == entry.size)
    for index in 0..<entry.size {
      #expect(blend[index].dataset == Int(datasets.integer(at: index)))
      #expect(blend[index].sample == Int(samples.integer(at: index)))
    }
  }
}
