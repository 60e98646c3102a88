import Foundation
import Machine
import TestSupport
import Testing

@testable import IndexedData

@Suite("Damaged and hostile archives")
struct ArchiveDamageTests {
  private let folder: TemporaryFolder
  private let files: [String: [UInt8]]
  private let archive: [UInt8]

  init() throws {
    folder = try TemporaryFolder()
    let prefix = try Sample.random(seed: 3, documents: 12).write(folder, "d")
    try folder.write("d_manifest.json", Array(String(repeating: "manifest ", count: 9).utf8))
    var files: [String: [UInt8]] = [:]
    for name in try folder.names { files[name] = try folder.read(name) }
    self.files = files
    _ = try packDataset(
      PackPlan(prefix: prefix, files: [prefix + "_manifest.json"]), to: folder.file("a"),
      PackOptions(), TendOptions())
    archive = try folder.read("a")
  }

  /// Whether an archive is refused; one that is not must have the files that were packed.
  private func isRefused(_ bytes: [UInt8], _ what: String) throws -> Bool {
    let path = try folder.write("b", bytes)
    do throws(IndexedDataError) {
      let archive = try Archive(path: path)
      guard try archive.check(UnpackOptions()) else { return true }
    } catch {
      return true
    }
    let found = try Archive(path: path).contents()
    #expect(found == files, "\(what)")
    return false
  }

  @Test("every byte changed")
  func bytes() throws {
    #expect(try !isRefused(archive, "unchanged"))
    for place in archive.indices {
      for change: UInt8 in [0x01, 0x80] {
        var bytes = archive
        bytes[place] ^= change
        let isPayload = place >= 16 && place < archive.count - 48 - contentsAndTable
        let refused = try isRefused(bytes, "byte \(place) ^ \(change)")
        #expect(refused || isPayload, "byte \(place) ^ \(change) is not noticed")
      }
    }
  }

  @Test("each damaged block is a problem, listed up to the limit", arguments: [1, 3])
  func severalBlocks(workers: Int) throws {
    let sample = try ArchiveSample()
    let path = try sample.pack()
    let archive = try Archive(path: path)
    let places = [0, 2, archive.blocks.count - 1].map { archive.blocks[$0].payloadOffset + 3 }
    var bytes = try sample.folder.read("a.neoxpack")
    for place in places { bytes[place] ^= 0x5A }
    try sample.folder.write("a.neoxpack", bytes)
    var settings = UnpackOptions()
    settings.workers = workers
    var options = VerifyOptions()
    options.isDeep = true
    let report = try verifyArchive(path, settings, options)
    #expect(report.problemCount == 3 && report.isDeep)
    #expect(report.problems.map(\.byte) == places.map { $0 - 3 })
    options.limit = 2
    let short = try verifyArchive(path, settings, options)
    #expect(short.problemCount == 3 && short.problems.count == 2)
    options.isDeep = false
    #expect(try !verifyArchive(path, settings, options).isDeep)
  }

  @Test("every length")
  func lengths() throws {
    for count in 0..<archive.count {
      #expect(try isRefused(Array(archive[..<count]), "cut at \(count)"))
    }
    #expect(try isRefused(archive + [0], "longer"))
    #expect(try isRefused([0] + archive, "shifted"))
  }

  @Test("every byte of contents, table and footer changed, with right hashes")
  func numbers() throws {
    #expect(rehashed(archive) == archive)
    let start = archive.count - 48 - contentsAndTable
    for place in Array(8..<16) + Array(start..<archive.count - 24) {
      for change: UInt8 in [0x01, 0x80, 0xFF] {
        var bytes = archive
        bytes[place] ^= change
        let path = try folder.write("b", rehashed(bytes))
        // Names and the limit of blocks may be others; whatever is read must be as packed.
        let found = try? Archive(path: path)
        guard let found, (try? found.check(UnpackOptions())) == true else { continue }
        #expect(try Set(found.contents().values) == Set(files.values), "byte \(place) ^ \(change)")
      }
    }
  }

  private var contentsAndTable: Int {
    let footer = archive.count - 48
    return footer - (0..<8).reduce(0) { $0 | Int(archive[footer + $1]) << (8 * $1) }
  }

  // MARK: - Hostile archives

  /// An archive of one member with one block.
  private func archive(
    name: MemberName = MemberName(knownReplaced: "", ending: ".bin"), dataset: String = "d",
    payload: [UInt8], raw: Int, member: Int? = nil, codec: ArchiveCodec = .none,
    filter: BlockFilter = .none, count: Int = 1, blockLimit: Int = 1 << 20
  ) -> [UInt8] {
    let header = ArchiveLayout.header(blockByteCount: blockLimit)
    let block = ArchiveBlock(
      payloadOffset: 16, payloadByteCount: Int32(payload.count), offset: 0, byteCount: Int32(raw),
      codec: codec, filter: filter, hash: unsafe ContentHash.hash(payload.span.bytes))
    let members = (0..<count).map {
      ArchiveMember(
        name: name, byteCount: member ?? raw, hash: block.hash, blocks: $0..<$0 + 1)
    }
    let payloads = Array(repeatElement(payload, count: count).joined())
    return header + payloads
      + ArchiveLayout.ending(
        dataset, members, Array(repeating: block, count: count), at: 16 + payloads.count,
        header: header)
  }

  private func open(_ bytes: [UInt8]) throws -> Archive {
    try Archive(path: folder.write("b", bytes))
  }

  @Test("names that would be hidden, or another's while it is written")
  func otherNames() throws {
    let hidden = MemberName(knownReplaced: "_d", ending: ".profile")
    #expect(throws: IndexedDataError.self) {
      try open(
        archive(name: hidden, dataset: "_d", payload: [1, 2], raw: 2))
    }
    for dataset in [".bash", ".d", "."] {
      #expect(throws: IndexedDataError.self) {
        try open(archive(dataset: dataset, payload: [1, 2], raw: 2))
      }
    }
    let header = ArchiveLayout.header(blockByteCount: 1 << 12)
    let members = [".bin", ".bin.new"].map {
      ArchiveMember(
        name: MemberName(knownReplaced: "", ending: $0), byteCount: 0,
        hash: ContentHash().value, blocks: 0..<0)
    }
    _ = try open(header + ArchiveLayout.ending("d", [members[0]], [], at: 16, header: header))
    #expect(throws: IndexedDataError.self) {
      try open(header + ArchiveLayout.ending("d", members, [], at: 16, header: header))
    }
  }

  @Test("contents that would take more memory than any need")
  func longContents() throws {
    let header = ArchiveLayout.header(blockByteCount: 1 << 12)
    var footer = LittleEndianBytes()
    for number in [16, (16 << 20) + 1, 0, 0] { footer.append(UInt64(number)) }
    footer.appendHash()
    let bytes =
      header + [UInt8](repeating: 0, count: (16 << 20) + 1) + footer.bytes
      + ArchiveLayout.endMagic
    let refusal = #expect(throws: IndexedDataError.self) { try open(rehashed(bytes)) }
    #expect(refusal?.description.contains("at most 16777216") == true, "\(refusal as Any)")
  }

  @Test(
    "names that would lead elsewhere",
    arguments: ["/x", "x", "", ".", "..", "../x", "_/x", "_../../x", "_a\u{0}b", "_a\n", ".x/"])
  func names(ending: String) throws {
    _ = try open(archive(payload: [1, 2], raw: 2))
    let name = MemberName(knownReplaced: "", ending: ending)
    #expect(throws: IndexedDataError.self) {
      try open(archive(name: name, payload: [1, 2], raw: 2))
    }
    let replaced = MemberName(knownReplaced: ending, ending: ".bin")
    if !ending.isEmpty {
      #expect(throws: IndexedDataError.self) {
        try open(archive(name: replaced, dataset: "d" + ending, payload: [1, 2], raw: 2))
      }
    }
    if ending.contains("/") || ending.hasPrefix(".") && ending.count < 3 {
      #expect(throws: IndexedDataError.self) {
        try open(archive(dataset: ending, payload: [1, 2], raw: 2))
      }
    }
  }

  @Test("one name twice")
  func twice() throws {
    #expect(throws: IndexedDataError.self) { try open(archive(payload: [1, 2], raw: 2, count: 2)) }
  }

  @Test("lengths that do not fit")
  func sizes() throws {
    let limit = 1 << 20
    for (raw, member, blockLimit) in [
      (limit + 1, limit + 1, limit), (3, 2, limit), (2, 3, limit), (1, 1, limit), (0, 0, limit),
      (2, 2, 0), (2, 2, ArchiveLayout.blockLimit + 1), (2, 2, 1),
    ] {
      #expect(throws: IndexedDataError.self, "\(raw) \(member) \(blockLimit)") {
        try open(archive(payload: [1, 2], raw: raw, member: member, blockLimit: blockLimit))
      }
    }
  }

  @Test(
    "a payload that would grow beyond what is said",
    arguments: [ArchiveMethod.zstd(level: 3), .lz4])
  func bomb(method: ArchiveMethod) throws {
    var compressor = BlockCompressor(method)
    var packed = ByteBuffer()
    let zeros = [UInt8](repeating: 0, count: 1 << 20)
    let made = try unsafe compressor.compress(zeros.span.bytes, .none, to: &packed, path: "x")
    let count = packed.count
    let payload = (0..<count).map { packed.bytes.loadNumber(at: $0, UInt8.self) }
    for raw in [payload.count, (1 << 20) - 1] {
      let archive = try open(archive(payload: payload, raw: raw, codec: made.codec))
      #expect(throws: IndexedDataError.self) { try archive.check(UnpackOptions()) }
    }
  }
}
