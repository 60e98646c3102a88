/// What the threads of one run of an ``OrderedPipeline`` share.
struct PipelineCrew<Item: ~Copyable, Result: ~Copyable, Failure: Error>: Sendable {
  let interruption: Interruption?
  let source: Monitor<() throws(Failure) -> Item?>
  let sink: Monitor<(consuming Result) throws(Failure) -> Void>
  let flow: Monitor<PipelineFlow<Result, Failure>>

  /// Runs all threads to their end.
  func run<Context: ~Copyable>(
    pipeline: OrderedPipeline,
    makeContext: @Sendable () -> Context,
    weight: @Sendable (borrowing Item) -> Int,
    work: @Sendable (inout Context, consuming Item) throws(Failure) -> Result
  ) throws(Failure) -> OrderedPipeline.Ending {
    WorkerPool.run(threads: pipeline.workers, name: pipeline.name) { _ in
      var context = makeContext()
      while flow.wait(until: { $0.mayFetch() }) {
        fetchAndWork(&context, weight, work)
        commitWhatIsReady()
      }
    }
    let failure = flow.withLock { $0.failure }
    if let failure { throw failure }
    return flow.withLock { $0.isInterrupted } ? .interrupted : .finished
  }

  private func fetchAndWork<Context: ~Copyable>(
    _ context: inout Context,
    _ weight: (borrowing Item) -> Int,
    _ work: (inout Context, consuming Item) throws(Failure) -> Result
  ) {
    guard interruption?.isRaised != true else {
      flow.withLock { $0.noteEnd(isInterrupted: true) }
      return
    }
    let item: Item
    do throws(Failure) {
      let fetched = try source.withLock { (next) throws(Failure) in try next() }
      guard let fetched else {
        flow.withLock { $0.noteEnd(isInterrupted: false) }
        return
      }
      item = fetched
    } catch {
      flow.withLock { $0.noteFetchFailure(error) }
      return
    }
    let itemWeight = weight(item)
    let ticket = flow.withLock { $0.noteFetched(weight: itemWeight) }
    do throws(Failure) {
      let result = try work(&context, item)
      store(result, ticket: ticket)
    } catch {
      flow.withLock { $0.noteFailure(error, ticket: ticket) }
    }
  }

  // A closure cannot consume what it captures, so the result goes in by way of an optional.
  private func store(_ result: consuming Result, ticket: Int) {
    var result = Optional(result)
    flow.withLock { flow in
      if let result = result.take() { flow.store(result, ticket: ticket) }
    }
  }

  private func commitWhatIsReady() {
    while let result = flow.withLock({ $0.takeNext() }) {
      do throws(Failure) {
        try commit(result)
        flow.withLock { $0.noteCommitted() }
      } catch {
        flow.withLock { $0.noteCommitFailure(error) }
      }
    }
  }

  private func commit(_ result: consuming Result) throws(Failure) {
    var result = Optional(result)
    try sink.withLock { (commit) throws(Failure) in
      if let result = result.take() { try commit(result) }
    }
  }
}
