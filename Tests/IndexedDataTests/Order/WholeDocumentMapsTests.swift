import TestSupport
import Testing

@testable import IndexedData

/// Figures of GPT-NeoX itself.
@Suite("Maps of whole documents")
struct WholeDocumentMapsTests {
  let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
  }

  private func request(
    _ packing: Packing, _ samples: Int, _ length: Int, chops: Bool = true, quirks: Bool = false,
    seed: UInt32 = 1234, documents: Range<Int> = 0..<5
  ) -> OrderRequest {
    OrderRequest(
      documents: documents, length: .samples(samples), sequenceLength: length, seed: seed,
      packing: packing, allowsChopping: chops, neoxQuirks: quirks)
  }

  @Test("unpacked: one document a sample and the next one's first token")
  func unpacked() throws {
    let text = try Sample.t.dataset(folder, "t")
    let labels = try Sample.tLabels.dataset(folder, "l")
    let data = OrderData(text: text, labels: labels)
    let wanted = request(.unpacked, 7, 6)
    let maps = try SampleMaps(wanted, data)
    #expect(maps.documentIndices.numbers == [0, 1, 3, 4, 0, 1, 3, 4])
    #expect(maps.shuffleIndices.numbers == [2, 1, 6, 0, 4, 5, 3])
    #expect(maps.sampleIndices.numbers == (0...7).flatMap { [$0, 0] })
    #expect(maps.documentIndices.type == .int64)
    let order = NeoxOrder(maps, wanted, prefix: text.prefix)
    #expect(order.count == 6)
    #expect(try order.tokens(0, text, length: 7) == [40, 0, 50, 0, 0, 0, 0])
    #expect(try order.tokens(1, text, length: 7) == [20, 21, 0, 40, 0, 0, 0])
    #expect(try order.tokens(6, text, length: 7) == [50, 51, 52, 53, 54, 55, 56])
    let short = try SampleMaps(request(.unpacked, 7, 6, chops: false), data)
    #expect(short.documentIndices.numbers == [0, 1, 3, 0, 1, 3, 0, 1])
  }

  @Test("packed until overflow: as many whole documents as fit")
  func packedUntilOverflow() throws {
    let text = try Sample.t.dataset(folder, "t")
    let labels = try Sample.tLabels.dataset(folder, "l")
    let wanted = request(.packUntilOverflow, 4, 8)
    let maps = try SampleMaps(wanted, OrderData(text: text))
    #expect(maps.documentIndices.numbers == [2, 1, 3, 0, 4, 3])
    #expect(maps.sampleIndices.numbers == [0, 0, 2, 0, 4, 0, 5, 0, 6, 0])
    #expect(maps.shuffleIndices.numbers == [0, 1, 2, 3])
    let order = NeoxOrder(maps, wanted, prefix: text.prefix)
    #expect(order.count == 3)
    let samples = try (0..<4).map { try order.tokens($0, text, length: 9) }
    #expect(
      samples == [
        [30, 31, 32, 33, 34, 0, 20, 21, 0], [40, 0, 10, 11, 12, 0, 50, 0, 0],
        [50, 51, 52, 53, 54, 55, 56, 0, 40], samples[0],
      ], "GPT-NeoX cannot read the last one and takes the first instead")
    let masked = try SampleMaps(wanted, OrderData(text: text, labels: labels))
    #expect(masked.documentIndices.numbers == [1, 3, 0, 4, 3, 4])
    #expect(masked.sampleIndices.numbers == [0, 0, 3, 0, 4, 0, 5, 0, 6, 0])
  }

  @Test("where GPT-NeoX would call itself without end, the last document is read")
  func endlessRecursion() throws {
    let text = try Sample.t.dataset(folder, "t")
    let wanted = request(.packUntilOverflow, 4, 8, seed: 1)
    let maps = try SampleMaps(wanted, OrderData(text: text))
    #expect(maps.shuffleIndices.numbers == [3, 2, 0, 1])
    let order = NeoxOrder(maps, wanted, prefix: "t")
    let last = maps.documentIndices.numbers.last
    #expect(try order.pieces(0) == [SamplePiece(document: last!, offset: 0, count: nil)])
  }

  @Test("a part of a dataset is drawn from that part, but by GPT-NeoX from the beginning")
  func partOfADataset() throws {
    let text = try Sample.t.dataset(folder, "t")
    let data = OrderData(text: text)
    for packing in [Packing.unpacked, .packUntilOverflow] {
      let mended = try SampleMaps(request(packing, 3, 6, documents: 3..<5), data)
      #expect(Set(mended.documentIndices.numbers) == [3, 4])
      let quirky = try SampleMaps(request(packing, 3, 6, quirks: true, documents: 3..<5), data)
      #expect(Set(quirky.documentIndices.numbers) == [0, 1])
    }
    let labels = OrderData(text: text, labels: try Sample.tLabels.dataset(folder, "l"))
    let quirky = request(.unpacked, 3, 6, quirks: true, documents: 3..<5)
    let maps = try SampleMaps(quirky, labels)
    #expect(maps.documentIndices.numbers == [0, 1, 0, 1])
    #expect(maps.shuffleIndices.numbers == [0, 1, 2])
  }

  @Test("leaving out the last document of a pass ends nothing; leaving out all is an error")
  func leftOut() throws {
    let text = try Sample.t.dataset(folder, "t")
    let maps = try SampleMaps(
      request(.packUntilOverflow, 50, 4, chops: false), OrderData(text: text))
    #expect(Set(maps.documentIndices.numbers) == [0, 1, 3])
    for packing in [Packing.unpacked, .packUntilOverflow] {
      #expect(throws: IndexedDataError.self) {
        try SampleMaps(request(packing, 5, 1, chops: false, documents: 2..<3), .init(text: text))
      }
      var epochs = request(packing, 5, 6)
      epochs.length = .epochs(1)
      #expect(throws: IndexedDataError.self) { try SampleMaps(epochs, OrderData(text: text)) }
    }
  }

  @Test("pairs")
  func pairs() throws {
    let text = try Sample.t.dataset(folder, "t")
    let negative = try Sample.tNegative.dataset(folder, "n")
    func firstMasked(_ sample: Sample) -> Sample {
      Sample(documents: sample.sequences.map { [-100] + $0.dropFirst() }, type: .int32)
    }
    let data = OrderData(
      text: text, labels: try firstMasked(.t).dataset(folder, "l"), negative: negative,
      negativeLabels: try firstMasked(.tNegative).dataset(folder, "m"))
    let wanted = request(.unpacked, 7, 6)
    let maps = try SampleMaps(wanted, data)
    #expect(maps.documentIndices.numbers == [0, 1, 2, 3, 4, 0, 1, 2])
    #expect(maps.shuffleIndices.numbers == [2, 1, 1, 0, 4, 0, 3])
    let order = NeoxOrder(maps, wanted, prefix: text.prefix)
    #expect(try order.tokens(0, text, length: 7) == [30, 31, 32, 33, 34, 0, 40])
    #expect(try order.tokens(0, negative, length: 7) == [30, 0, 40, 0, 0, 0, 0])
    let short = try SampleMaps(request(.unpacked, 4, 6, chops: false), data)
    #expect(short.documentIndices.numbers == [0, 1, 2, 3, 0])
    let packed = try SampleMaps(request(.packUntilOverflow, 4, 9), data)
    #expect(packed.documentIndices.numbers == [2, 1, 3, 0, 4])
    #expect(packed.sampleIndices.numbers == [0, 0, 2, 0, 3, 0, 4, 0, 5, 0])
    // GPT-NeoX's test for pairs that are too long is the wrong way round.
    let mended = try SampleMaps(request(.packUntilOverflow, 4, 5, chops: false), data)
    #expect(Set(mended.documentIndices.numbers) == [0, 1, 2])
    let quirky = try SampleMaps(request(.packUntilOverflow, 3, 2, chops: false, quirks: true), data)
    #expect(Set(quirky.documentIndices.numbers).isSubset(of: [0, 1, 4]))
  }

  struct Figures: Sendable {
    var packing: Packing
    var samples: Int
    var length: Int
    var chops = true
    var hasLabels = true
    var isPair = false
    var hashes: [String]
  }

  private static let shuffle50 = "df0ff867727361a334c36ac8b21445dbe50c21de04db69950eb33bdbb0b33092"
  private static let rows1500 = "767142c64429a14602eb537a60a38379a452d09795635182a79d43d690bd2f85"
  private static let shuffle1500 =
    "62ea3021f2ed4040608a246733d914084afe17946bb6a650f5781bab5f30fc0f"
  private static let pairShuffle =
    "83f7e231c40ed94cc41542638b7f0f15b54f0c146eb11ab044509e2eea1c533a"

  @Test(
    "a thousand documents",
    arguments: [
      Figures(
        packing: .packUntilOverflow, samples: 50, length: 128, hasLabels: false,
        hashes: [
          "563bcbb7a439fedd95f8583d1f54f3879a0acc5804e892e18da955585aeed9b2",
          "ccb8d2b7fe83328fc1cbc11d9a6c6e3d9de0120d5d0c267fcdf284db38cda4a9", shuffle50,
        ]),
      Figures(
        packing: .packUntilOverflow, samples: 50, length: 128,
        hashes: [
          "47e4f873683b7db06f83994b1724d102b6c06428e19b24721ae53978ae2e348d",
          "274948fb79ebf15eb85ff41e28ad921ed28ea95faefe20bfefd6a4dfdcc8e8ef", shuffle50,
        ]),
      Figures(
        packing: .packUntilOverflow, samples: 50, length: 60, chops: false,
        hashes: [
          "6fb544a8c533cb8787bc0d1b82899177df3e2832ca1b26b99c2834c05f32d134",
          "c56dfe74313f9111cbe1645bba5d5fe95c5c0f2c7c9f5a49bff423175c981bab", shuffle50,
        ]),
      Figures(
        packing: .unpacked, samples: 1500, length: 80,
        hashes: [
          "d1972dff938f2bfe51ca23af9c42784ffa7bd486e030b4421c8167906f9adec6", rows1500,
          shuffle1500,
        ]),
      Figures(
        packing: .unpacked, samples: 1500, length: 80, chops: false,
        hashes: [
          "a36698f41925c9eec38b96791eea5ab497efd86cae05579c0ed8a39284e6160b", rows1500,
          shuffle1500,
        ]),
      Figures(
        packing: .unpacked, samples: 1500, length: 80, isPair: true,
        hashes: [
          "5733a02cf95bc82b19f56d40c4431e236612c70a971f046617df21e02453dd01", rows1500,
          pairShuffle,
        ]),
      Figures(
        packing: .unpacked, samples: 1500, length: 50, chops: false, isPair: true,
        hashes: [
          "4b174356fd5edf9a98229653bb67ecfff8816226d27a8b02e96a7342ac3bc6f9", rows1500,
          pairShuffle,
        ]),
      Figures(
        packing: .packUntilOverflow, samples: 50, length: 128, isPair: true,
        hashes: [
          "6a9e77760f673e0052aee84b4c32e88632be83f60a52d4b4369056ad796e0438",
          "6771e1b05fdab4ef889699042efbe73f45b44dfe9f85faeb88662033960c73f4", shuffle50,
        ]),
    ])
  func thousandDocuments(_ figures: Figures) throws {
    let a = Sample.rule(1000, length: 7919, modulo: 97, type: .int32)
    let n = Sample.rule(1000, length: 104_729, modulo: 61, token: 17, type: .int32)
    var data = OrderData(text: try a.dataset(folder, "a"))
    if figures.hasLabels { data.labels = try a.masked(period: 5).dataset(folder, "l") }
    if figures.isPair {
      data.negative = try n.dataset(folder, "n")
      data.negativeLabels = try n.masked(period: 7).dataset(folder, "m")
    }
    let maps = try SampleMaps(
      request(
        figures.packing, figures.samples, figures.length, chops: figures.chops,
        documents: 0..<1000), data)
    let hashes = [maps.documentIndices, maps.sampleIndices, maps.shuffleIndices].map(\.sha256)
    #expect(hashes == figures.hashes)
  }
}
