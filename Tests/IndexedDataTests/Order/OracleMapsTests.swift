import TestSupport
import Testing

@testable import IndexedData

/// Figures of GPT-NeoX's own functions with their helpers in C++, for data that these tests make.
@Suite("Maps of more seeds and sizes")
struct OracleMapsTests {
  let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
  }

  /// Documents, as ``Sample/rule(_:length:modulo:token:type:)`` makes them, and what is asked for.
  struct Setting: Sendable {
    var seed: UInt32
    var documents: Int
    var factor: Int
    var modulo: Int
    var length: Int
    var samples: Int
    /// Fewer, for maps that begin a new pass.
    var packedSamples: Int
    /// Hashes of the three files, one behind the other, by case.
    var hashes: [String]
  }

  static let settings = [
    Setting(
      seed: 7, documents: 777, factor: 6151, modulo: 53, length: 31, samples: 900,
      packedSamples: 40,
      hashes: [
        "d65328df479d2d884780287e4c2d2d8123745ce1a4b242934942edcdedfbbe44",
        "df29963812714a196ebca786132b435c504900e5d3fabec3cdab682806784757",
        "c18629b24d8d4a58da00dcce8447af68a7199cf04d77e7f297a5c7b36e10ab85",
        "abb5e7658167123fda2dc5de5bcd8df27535afff3d8d2cd880029ef531cfbeb8",
        "33758dee6ef717b55c0f793901f15d8b3980649525542299ce0876459ebc871c",
        "6d55268cf696b2836557ea6b491009d5b915ec0e7514c6dd2011b45d49a4f6ed",
        "64c59a39ed0abf850058c572e53c5c0c16a13d2907b8acdc9c0a16a8bac5640f",
        "74d9511ee41a30c92c9624b6c0da41a65249c7c94be20ddb31b6261d35b05abd",
        "332dec356fc3945dc4f51239093cf3f0c0c1d6eb7a687beef513a01b22377f3b",
      ]),
    Setting(
      seed: 2026, documents: 2500, factor: 7919, modulo: 97, length: 100, samples: 3000,
      packedSamples: 300,
      hashes: [
        "85d1cb366a987fb4c56e42b47507089f746f1692690366657ebd9b2451bd17d6",
        "59058b7d8825cd0cf7ea15171307db02adffd8e06ec2b8e87e38bb4b0e59ad77",
        "de651c6d6f0a99f1cfa9cdb3aaf785d23151313c47beb77208cefbcab9cd1763",
        "e702b526b685a74b14becbb6bbeb5d3756edf5ff5de3536cba09f290c86e85e4",
        "ad65cf28de213d52c210a4359600c0c44bdd92c0a8dc92dc861d0bad8aaab07c",
        "ad65cf28de213d52c210a4359600c0c44bdd92c0a8dc92dc861d0bad8aaab07c",
        "07b67496af43a320a7144674037617179ff2a9da3ca2bdfe242e1da7fb6e50f8",
        "07b67496af43a320a7144674037617179ff2a9da3ca2bdfe242e1da7fb6e50f8",
        "add52a3c0030740759ab6eeaaec507f02c5b665693da9a50a913561b916b73a1",
      ]),
    Setting(
      seed: 4_294_967_295, documents: 64, factor: 104_729, modulo: 61, length: 17, samples: 500,
      packedSamples: 9,
      hashes: [
        "486849a05e8bc86872f4477fc4316d0a0e00d3afd966b3a68891cef9ee720a16",
        "2dc4863227add79d26e186f465d19c15ba43c4f2e1d81fb3d7c5c35ed9d1a708",
        "034ec4272399080d74ad0914d262aa8f3203bf1426ea79a20e2aa53f5a14e389",
        "80217eeaf070818ce693fb31980bebe5f1e0f3ee6630b4668aa7b85552ac6a12",
        "0505ebb957decbf82c90d32e74443187db80d62adf9de60dfb7c2150039ff812",
        "8bc2ef68f5adde3449aaed742759c00e8f0f2272c50d72729dd5170f32dc5b9a",
        "3715e1c79b6c39615306afa49d88ee4501934a0646092495d41f1d43fd574711",
        "5698be8e77fd13c830a3c3ac1736b6c6e8b9754c72046d5b6ef6c466d1efb909",
        "eb4c6a16a663bcbb0bfabad67e6af3e4f40102532b05c0ce2ed2c5785cf83e9e",
      ]),
  ]

  @Test("files byte for byte", arguments: settings)
  func files(_ setting: Setting) throws {
    let a = Sample.rule(
      setting.documents, length: setting.factor, modulo: setting.modulo, type: .int32)
    let n = Sample.rule(
      setting.documents, length: 104_729, modulo: 61, token: 17, type: .int32)
    let text = try a.dataset(folder, "a")
    let labels = try a.masked(period: 5).dataset(folder, "l")
    let negative = try n.dataset(folder, "n")
    let negativeLabels = try n.masked(period: 7).dataset(folder, "m")
    func hash(
      _ packing: Packing, from first: Int = 0, labels: IndexedDataset? = nil,
      pairs: Bool = false, chops: Bool = true
    ) throws -> String {
      let request = OrderRequest(
        documents: first..<setting.documents,
        length: .samples(packing == .packUntilOverflow ? setting.packedSamples : setting.samples),
        sequenceLength: setting.length, seed: setting.seed, packing: packing,
        allowsChopping: chops)
      let data = OrderData(
        text: text, labels: labels, negative: pairs ? negative : nil,
        negativeLabels: pairs ? negativeLabels : nil)
      // Every case has files of its own: some would have the same names.
      let name = "case\(try folder.names.count)"
      let files = MapFiles(request, data, name: name)
      #expect(try files.prepare(.besideData).origin == .written)
      return SHA256Oracle.hex(
        try files.paths.prefix(3).flatMap {
          try folder.read(String($0.dropFirst(folder.path.count + 1)))
        })
    }
    let hashes = [
      try hash(.packed), try hash(.packed, from: setting.documents / 3),
      try hash(.packUntilOverflow), try hash(.packUntilOverflow, labels: labels),
      try hash(.unpacked, labels: labels), try hash(.unpacked, labels: labels, chops: false),
      try hash(.unpacked, labels: labels, pairs: true),
      try hash(.unpacked, labels: labels, pairs: true, chops: false),
      try hash(.packUntilOverflow, labels: labels, pairs: true),
    ]
    #expect(hashes == setting.hashes)
  }
}
