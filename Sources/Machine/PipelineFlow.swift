/// Where the items of an ``OrderedPipeline`` are: a ring of results that wait for their turn.
@safe
struct PipelineFlow<Result: ~Copyable, Failure: Error>: ~Copyable {
  private let itemLimit: Int
  private let weightLimit: Int
  // Place `ticket % itemLimit` belongs to an item from its fetching to its commit, so no two items
  // in flight share one.
  private let results: UnsafeMutablePointer<Result?>
  private var weights: [Int]
  private var weightInFlight = 0
  private var fetchedCount = 0
  private var committedCount = 0
  private var isFetching = false
  private var isCommitting = false
  private var isOver = false
  private var failedTicket = Int.max

  /// The error of the earliest item that failed so far.
  private(set) var failure: Failure?
  /// Whether fetching ended because somebody wished so.
  private(set) var isInterrupted = false

  init(itemLimit: Int, weightLimit: Int) {
    self.itemLimit = itemLimit
    self.weightLimit = weightLimit
    weights = Array(repeating: 0, count: itemLimit)
    unsafe results = .allocate(capacity: itemLimit)
    for place in 0..<itemLimit { unsafe (results + place).initialize(to: nil) }
  }

  deinit {
    unsafe results.deinitialize(count: itemLimit)
    unsafe results.deallocate()
  }

  /// Whether the caller may fetch the next item; `nil` when it has to wait for the answer.
  mutating func mayFetch() -> Bool? {
    if isOver { return false }
    let inFlight = fetchedCount - committedCount
    if isFetching || inFlight >= itemLimit { return nil }
    if weightInFlight >= weightLimit && inFlight > 0 { return nil }
    isFetching = true
    return true
  }

  /// Notes an item that was fetched and gives it its ticket.
  mutating func noteFetched(weight: Int) -> Int {
    let ticket = fetchedCount
    fetchedCount += 1
    isFetching = false
    weights[ticket % itemLimit] = max(weight, 0)
    weightInFlight += max(weight, 0)
    return ticket
  }

  /// Ends the fetching.
  mutating func noteEnd(isInterrupted: Bool) {
    isOver = true
    isFetching = false
    self.isInterrupted = isInterrupted
  }

  /// Notes that the next item could not be fetched.
  mutating func noteFetchFailure(_ error: Failure) {
    isFetching = false
    noteFailure(error, ticket: fetchedCount)
  }

  /// Notes that the work on an item failed.
  mutating func noteFailure(_ error: Failure, ticket: Int) {
    isOver = true
    guard ticket < failedTicket else { return }
    failedTicket = ticket
    failure = error
  }

  /// Puts a result into the ring.
  mutating func store(_ result: consuming Result, ticket: Int) {
    unsafe results[ticket % itemLimit] = consume result
  }

  /// The result whose turn it is, when it is there and nobody else is committing.
  mutating func takeNext() -> Result? {
    guard !isCommitting, committedCount < failedTicket else { return nil }
    let place = unsafe results + committedCount % itemLimit
    guard let result = unsafe place.pointee.take() else { return nil }
    isCommitting = true
    return result
  }

  /// Passes the turn on.
  mutating func noteCommitted() {
    weightInFlight -= weights[committedCount % itemLimit]
    committedCount += 1
    isCommitting = false
  }

  /// Notes that the commit in hand failed.
  mutating func noteCommitFailure(_ error: Failure) {
    isCommitting = false
    noteFailure(error, ticket: committedCount)
  }
}
