internal import Machine

/// What an archive is made of.
package struct PackPlan: Sendable, Equatable {
  /// The prefix of the dataset.
  package var prefix: String
  /// The prefixes of datasets that belong to it: labels, rewards, log-probabilities.
  package var companions: [String]
  /// Other files that belong to it: manifest, keys, reference logits.
  package var files: [String]

  /// Names what goes into an archive; the `.src` of each dataset goes along by itself.
  package init(prefix: String, companions: [String] = [], files: [String] = []) {
    self.prefix = prefix
    self.companions = companions
    self.files = files
  }
}

/// A file that is being packed.
struct PackSource {
  let name: MemberName
  let file: FileBytes
  /// Its parts in order, each of numbers of one kind; blocks do not reach over their ends.
  let parts: [(range: Range<Int>, filter: BlockFilter)]
  /// What was written down of it; `nil` where nothing was.
  let record: FileRecord?

  /// Opens all files of a plan, checks the indexes of datasets, and compares lengths with what was
  /// written down of them.
  ///
  /// - Throws: what opening throws, `malformed`, `notAsRecorded`, and `unsuitable` where a file's
  ///   name does not follow from the dataset's, or sources are gone of which something was written
  ///   down.
  static func open(
    _ plan: PackPlan, _ records: [String: DatasetRecord]
  ) throws(IndexedDataError) -> [PackSource] {
    let datasetName = DurableFile.name(of: plan.prefix)
    guard MemberName.isDatasetName(datasetName) else {
      throw .unsuitable(
        path: plan.prefix,
        reason:
          "an archive wants a name of at most 255 bytes without control characters that does not"
          + " begin with a point; rename the dataset")
    }
    var sources: [PackSource] = []
    for prefix in [plan.prefix] + plan.companions {
      let dataset = try IndexCheck.openSound(prefix)
      let record = records[prefix]?.files(of: prefix)
      sources.append(
        try PackSource(dataset.elements, elementParts(dataset), datasetName, record?.bin))
      sources.append(
        try PackSource(dataset.index, indexParts(dataset), datasetName, record?.idx))
      let source = DocumentSources.path(prefix: prefix)
      if try record?.src.isThere() ?? DurableFile.exists(source) {
        sources.append(try PackSource(source, datasetName, record?.src))
      }
    }
    for path in plan.files { sources.append(try PackSource(path, datasetName, nil)) }
    return sources
  }

  private init(
    _ path: String, _ datasetName: String, _ record: FileRecord?
  ) throws(IndexedDataError) {
    let file = try FileBytes(path: path, mode: .pread)
    try self.init(file, [(0..<file.byteCount, .none)], datasetName, record)
  }

  private init(
    _ file: FileBytes, _ parts: [(Range<Int>, BlockFilter)], _ datasetName: String,
    _ record: FileRecord?
  ) throws(IndexedDataError) {
    guard let name = MemberName(of: DurableFile.name(of: file.path), dataset: datasetName) else {
      throw .unsuitable(
        path: file.path,
        reason:
          "its name does not follow from that of the dataset, \(datasetName), so that it could"
          + " not be told whose it is once it is unpacked")
    }
    try record?.requireLength(file.byteCount)
    self.name = name
    self.file = file
    self.record = record
    self.parts = parts.map { (range: $0.0, filter: $0.1) }
  }

  private static func elementParts(_ dataset: IndexedDataset) -> [(Range<Int>, BlockFilter)] {
    let filter: BlockFilter =
      switch dataset.elementType {
      case .float32: .planes(.four)
      case .float64, .int64: .planes(.eight)
      case .uint8, .int8, .int16, .uint16, .int32: .none
      }
    return [(0..<dataset.elementsByteCount, filter)]
  }

  private static func indexParts(_ dataset: IndexedDataset) -> [(Range<Int>, BlockFilter)] {
    let layout = dataset.layout
    let sizes: BlockFilter = layout.sizeByteCount == 4 ? .planes(.four) : .planes(.eight)
    var starts: [(Int, BlockFilter)] = [
      (0, .none), (layout.sizesOffset, sizes),
      (layout.pointersOffset, .differences(.eight)),
      (layout.documentIndexOffset, .differences(.eight)),
    ]
    if let dimensions = layout.dimensionsOffset {
      starts.append((dimensions, .differences(.eight)))
    }
    if let modes = layout.modesOffset { starts.append((modes, .none)) }
    starts.sort { $0.0 < $1.0 }
    let ends = starts.dropFirst().map(\.0) + [dataset.indexByteCount]
    return zip(starts, ends).map { ($0.0.0..<$0.1, $0.0.1) }
  }
}
