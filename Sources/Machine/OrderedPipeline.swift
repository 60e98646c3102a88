/// Items worked on by several threads at once and committed in the order they came in.
///
/// There is no reading and no writing thread: a worker fetches an item when nobody else is
/// fetching, works on it, and commits what is ready when it holds the turn. What is committed does
/// not depend on the number of workers.
package struct OrderedPipeline: Sendable {
  /// Threads, the calling one included; with 1 everything runs in the calling thread.
  package var workers: Int
  /// The most items fetched and not yet committed.
  package var itemLimit: Int
  /// The weight of items fetched and not yet committed at which fetching pauses.
  ///
  /// It may be passed by one item, whose weight is known only when it is there.
  package var weightLimit: Int
  /// The threads' name in `top -H`.
  package var name: String

  /// How a run came to its end.
  package enum Ending: Sendable {
    /// There was no further item.
    case finished
    /// It was asked to stop; what had been fetched is committed.
    case interrupted
  }

  /// Describes a pipeline.
  package init(
    workers: Int, itemLimit: Int? = nil, weightLimit: Int = .max, name: String = "worker"
  ) {
    self.workers = max(1, workers)
    self.itemLimit = max(itemLimit ?? 4 * self.workers, 1)
    self.weightLimit = max(weightLimit, 1)
    self.name = name
  }

  /// Fetches, works and commits until there are no more items.
  ///
  /// `next` and `commit` are each called by one thread at a time, `commit` in the order of `next`;
  /// both see everything that their earlier calls did. Items and results move between threads, so
  /// they must own what they hold. Each thread makes a context of its own and keeps it to the end.
  ///
  /// When something throws, everything fetched before it is still committed and nothing after it;
  /// of several errors the one of the earliest item is thrown. All threads have ended by then.
  package func run<
    Context: ~Copyable, Item: ~Copyable, Result: ~Copyable, Failure: Error
  >(
    interruption: Interruption? = nil,
    makeContext: @Sendable () -> Context,
    next: () throws(Failure) -> Item?,
    weight: @Sendable (borrowing Item) -> Int = { (_: borrowing Item) in 1 },
    work: @Sendable (inout Context, consuming Item) throws(Failure) -> Result,
    commit: (consuming Result) throws(Failure) -> Void
  ) throws(Failure) -> Ending {
    guard workers > 1 else {
      var context = makeContext()
      while interruption?.isRaised != true {
        guard let item = try next() else { return .finished }
        try commit(work(&context, item))
      }
      return .interrupted
    }
    return try withoutActuallyEscaping(next) { (next) throws(Failure) in
      try withoutActuallyEscaping(commit) { (commit) throws(Failure) in
        let crew = PipelineCrew(
          interruption: interruption, source: Monitor(next), sink: Monitor(commit),
          flow: Monitor(
            PipelineFlow<Result, Failure>(
              itemLimit: itemLimit, weightLimit: weightLimit)))
        return try crew.run(pipeline: self, makeContext: makeContext, weight: weight, work: work)
      }
    }
  }
}
