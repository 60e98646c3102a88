package import Machine
internal import Synchronization

/// How often each token occurs in a dataset.
///
/// `.bin` is read through at the speed of memory by several threads, each element once. Where more
/// different large ids occur than may be in memory, it is read again for each share of them, so that
/// the counts are exact whatever the ids are. Nothing depends on the number of threads.
package struct TokenCounts: Sendable {
  /// An id and how often it occurs.
  package struct Entry: Equatable, Sendable {
    /// The id.
    package var id: Int64
    /// How often it occurs.
    package var count: Int
  }

  /// How many ids occur equally often.
  package struct Frequency: Equatable, Sendable {
    /// How often each of them occurs.
    package var count: Int
    /// How many they are.
    package var ids: Int
  }

  /// Tokens in all.
  package private(set) var total = 0
  /// How many different ones there are.
  package private(set) var distinct = 0
  /// The least and the greatest id; `nil` where there is none.
  package private(set) var least: Int64?
  package private(set) var greatest: Int64?
  /// The most frequent ones, the most frequent first, of equally frequent ones the least id.
  package private(set) var mostFrequent: [Entry] = []
  /// How many ids occur how often, the most frequent first.
  package private(set) var frequencies: [Frequency] = []
  /// How often the id occurs that was asked for; 0 where none was.
  package private(set) var watchedCount = 0

  /// Entries of large ids that are in memory at once: about 100 bytes each, over all threads.
  private static let tableLimit = 1 << 21
  private static let blockByteCount = 1 << 20

  /// Counts all elements of `.bin`.
  ///
  /// `keeping` is how many of ``mostFrequent`` are wanted, `watching` an id that is counted on its
  /// own; `progress` is told of bytes read and to read, by several threads.
  ///
  /// - Throws: `unsuitable` for elements that are no ids, `interrupted` once `interruption` is raised.
  package init(
    _ dataset: IndexedDataset, keeping: Int, watching: Int64? = nil, workers: Int,
    tableLimit: Int = Self.tableLimit, interruption: Interruption? = nil,
    progress: @Sendable (_ done: Int, _ total: Int) -> Void = { _, _ in }
  ) throws(IndexedDataError) {
    guard !dataset.elementType.isFloatingPoint else {
      throw .unsuitable(
        path: dataset.prefix,
        reason: "its elements are \(dataset.elementType.rawValue), not token ids")
    }
    var gathering = Gathering(keeping: keeping, watching: watching)
    var open = [IDShare.all]
    while let share = open.popLast() {
      guard
        var tally = try Self.tally(
          dataset, share, workers: max(1, workers), tableLimit: tableLimit, interruption,
          progress)
      else {
        open += share.parts
        continue
      }
      tally.visitPlain { gathering.add($0, $1) }
      tally.table.visit { gathering.add($0, $1) }
    }
    self = gathering.finished()
  }

  private init() {}

  // MARK: - One share

  /// Counts a share of the ids; `nil` where too many of them are different.
  private static func tally(
    _ dataset: IndexedDataset, _ share: IDShare, workers: Int, tableLimit: Int,
    _ interruption: Interruption?, _ progress: @Sendable (Int, Int) -> Void
  ) throws(IndexedDataError) -> TokenTally? {
    let type = dataset.elementType
    let byteCount = dataset.tokenCount * type.byteCount
    let blockCount = (byteCount + blockByteCount - 1) / blockByteCount
    let threads = max(1, min(workers, blockCount))
    let limit = max(8, tableLimit / threads)
    let next = Atomic<Int>(0)
    let isFull = Atomic<Bool>(false)
    let sum = Mutex<TokenTally?>(nil)
    try WorkerPool.forEach(count: threads, workers: threads, name: "count") {
      (_: Int) throws(IndexedDataError) in
      var tally = TokenTally(type, share)
      while !isFull.load(ordering: .relaxed) {
        let block = next.wrappingAdd(1, ordering: .relaxed).oldValue
        guard block < blockCount else { break }
        try endWhereRaised(interruption)
        let start = block * blockByteCount
        let end = min(start + blockByteCount, byteCount)
        try dataset.withElementBytes(start..<end) { tally.add($0) }
        if tally.table.count > limit { isFull.store(true, ordering: .relaxed) }
        progress(end, byteCount)
      }
      sum.withLock { sum in
        if sum == nil { sum = tally } else { sum?.add(tally) }
      }
    }
    return isFull.load(ordering: .relaxed) ? nil : sum.withLock { $0 }
  }

  // MARK: - All shares

  /// What is known of the ids so far; each comes once.
  private struct Gathering {
    private var counts = TokenCounts()
    private var idsOfCount: [Int: Int] = [:]
    private var entries: [Entry] = []
    private var least = 1
    private let keeping: Int
    private let watching: Int64?

    init(keeping: Int, watching: Int64?) {
      self.keeping = keeping
      self.watching = watching
    }

    mutating func add(_ id: Int64, _ count: Int) {
      counts.total += count
      counts.distinct += 1
      counts.least = min(counts.least ?? id, id)
      counts.greatest = max(counts.greatest ?? id, id)
      if id == watching { counts.watchedCount = count }
      idsOfCount[count, default: 0] += 1
      guard count >= least, keeping > 0 else { return }
      entries.append(Entry(id: id, count: count))
      if entries.count >= 2 * keeping + 4_096 { trim() }
    }

    private mutating func trim() {
      entries.sort { ($1.count, $0.id) < ($0.count, $1.id) }
      guard entries.count > keeping else { return }
      entries.removeLast(entries.count - keeping)
      least = entries.last?.count ?? least
    }

    consuming func finished() -> TokenCounts {
      trim()
      counts.mostFrequent = entries
      counts.frequencies = idsOfCount.map { Frequency(count: $0, ids: $1) }
        .sorted { $0.count > $1.count }
      return counts
    }
  }
}

extension TokenCounts {
  /// How often the token at a place occurs when all are sorted by how often they do, most first.
  ///
  /// - Precondition: ranks count from 1 to ``distinct`` and grow.
  package func counts(atRanks ranks: [Int]) -> [Int] {
    var found: [Int] = []
    var passed = 0
    var place = 0
    for rank in ranks {
      while passed + frequencies[place].ids < rank {
        passed += frequencies[place].ids
        place += 1
      }
      found.append(frequencies[place].count)
    }
    return found
  }
}
