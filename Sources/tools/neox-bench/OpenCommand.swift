import CommandLineKit
import IndexedData
import Machine

/// `neox-bench open`: how long it takes to open datasets, all of which stay open.
struct OpenCommand: Command {
  var prefixes: [String] = []
  var mode = ReadingMode.mmap

  static let page = CommandPage(
    name: "open", summary: "measure how datasets open",
    description: [
      """
      Opens all datasets, reads the last token of each, first to last and again, and prints a JSON \
      object with the nanoseconds of both, for each dataset on average, and the descriptors that are \
      open then.
      """
    ],
    examples: [
      .init(
        "Ten thousand datasets where 256 files may be open:",
        "(ulimit -n 256; neox-bench open data/*.idx --mode pread)")
    ])

  static let groups: [ArgumentGroup<Self>] = [
    .init(
      "input", [.positionals("PREFIX", \.prefixes, "the datasets, .bin and .idx left out or not")]),
    .init("measuring", [.option("--mode", \.mode, "how files are read")]),
  ]

  func run() throws {
    var datasets: [IndexedDataset] = []
    let opening = Stopwatch()
    for name in prefixes {
      let prefix = [".idx", ".bin"].first(where: name.hasSuffix).map {
        String(name.dropLast($0.count))
      }
      datasets.append(try IndexedDataset(prefix: prefix ?? name, mode: mode))
    }
    let opened = opening.nanoseconds
    let reading = Stopwatch()
    for _ in 0..<2 { for dataset in datasets { try readLast(dataset) } }
    let read = reading.nanoseconds
    let count = UInt64(datasets.count)
    StandardOutput.shared.line(
      "{\"mode\":\"\(mode.rawValue)\",\"count\":\(count),\"open_nanoseconds\":\(opened / count),"
        + "\"read_nanoseconds\":\(read / (2 * count)),"
        + "\"descriptors\":\(try FolderContents.names("/proc/self/fd").count - 1)}")
  }

  private func readLast(_ dataset: IndexedDataset) throws {
    let last = dataset.sequenceCount - 1
    guard last >= 0, try dataset.size(of: last) > 0 else { return }
    var ids = [Int64](repeating: 0, count: 1)
    var span = ids.mutableSpan
    try dataset.read(last, from: try dataset.size(of: last) - 1, into: &span)
  }
}
