internal import Machine

/// Hands out the batches of a source one after another, filled ahead by a thread of its own.
///
/// The system is asked to read the elements of later batches meanwhile, so that many requests are on
/// their way to a disk or a server and not one after another.
///
/// Which batch comes when does not depend on the thread. Batches go round: the caller gives the one
/// it has used and gets a full one, and after the first few nothing is allocated any more.
package final class BatchLoader {
  /// The micro step of the batch that comes next.
  package private(set) var microStep: Int
  private let ring: Monitor<Ring>
  private let thread: WorkerThread

  /// Samples whose elements are asked for before they are read.
  private static let samplesAhead = 64

  private struct Ring: Sendable {
    /// Full batches from `first` on, and empty ones.
    var batches: [Batch]
    var first = 0
    var fullCount = 0
    var failure: TrainError?
    var isClosed = false
  }

  /// Begins with the batch of `microStep`, with `depth` batches filled ahead; `readsAhead` says whether
  /// the system is asked for those behind them, where datasets are large.
  ///
  /// - Precondition: `microStep ≥ 0`, `depth ≥ 1`.
  package init(
    _ source: BatchSource, startingAt microStep: Int = 0, depth: Int = 3, readsAhead: Bool = true
  ) throws(TrainError) {
    precondition(microStep >= 0 && depth >= 1)
    self.microStep = microStep
    let ring = Monitor(Ring(batches: (0..<depth).map { _ in source.makeBatch() }))
    self.ring = ring
    do throws(SystemError) {
      thread = try WorkerThread(name: "\(source.split.rawValue) data") {
        Self.fill(ring, source, microStep, readsAhead: readsAhead)
      }
    } catch {
      throw .system(error)
    }
  }

  deinit {
    ring.withLock { $0.isClosed = true }
    thread.join()
  }

  /// Exchanges a batch that was used, made by the source's `makeBatch()`, for the next full one.
  ///
  /// - Throws: what went wrong with the data, at the batch it concerns and at all later ones.
  package func next(_ batch: inout Batch) throws(TrainError) {
    let outcome = ring.wait { ring -> Result<Void, TrainError>? in
      if ring.fullCount > 0 { return .success(()) }
      return ring.failure.map { .failure($0) }
    }
    if case .failure(let error) = outcome { throw error }
    ring.withLock { ring in
      swap(&ring.batches[ring.first], &batch)
      ring.first = (ring.first + 1) % ring.batches.count
      ring.fullCount -= 1
    }
    microStep += 1
  }

  private static func fill(
    _ ring: Monitor<Ring>, _ source: BatchSource, _ first: Int, readsAhead: Bool
  ) {
    var microStep = first
    var work = source.makeBatch()
    var row = SampleRow(sequenceLength: work.columnCount)
    let readsAhead = readsAhead && source.isScattered
    let distance = max(2, samplesAhead / source.rowsPerSide)
    var ahead = first
    while true {
      while readsAhead && ahead <= microStep + distance {
        source.readAhead(microStep: ahead, using: &row)
        ahead += 1
      }
      do throws(TrainError) {
        try source.fill(&work, microStep: microStep, using: &row)
      } catch {
        ring.withLock { $0.failure = error }
        return
      }
      let isOpen = ring.wait { ring -> Bool? in
        if ring.isClosed { return false }
        return ring.fullCount < ring.batches.count ? true : nil
      }
      guard isOpen else { return }
      ring.withLock { ring in
        swap(&ring.batches[(ring.first + ring.fullCount) % ring.batches.count], &work)
        ring.fullCount += 1
      }
      microStep += 1
    }
  }
}
