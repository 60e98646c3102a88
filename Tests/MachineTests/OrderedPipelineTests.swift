import Synchronization
import TestSupport
import Testing

@testable import Machine

@Suite("Ordered pipeline")
struct OrderedPipelineTests {
  struct Failure: Error, Equatable {
    var item: Int
    var place: String
  }

  /// A context that cannot be copied and counts how often it is used.
  struct Context: ~Copyable {
    var uses = 0
  }

  struct Outcome: Equatable {
    var committed: [Int] = []
    var failure: Failure?
  }

  /// Runs `count` items; an item is spun over for a seeded while, so that the order is stirred.
  static func run(
    count: Int, workers: Int, itemLimit: Int? = nil, weightLimit: Int = .max, seed: UInt64 = 1,
    failing: [Failure] = []
  ) -> Outcome {
    var outcome = Outcome()
    var fetched = 0
    let pipeline = OrderedPipeline(
      workers: workers, itemLimit: itemLimit, weightLimit: weightLimit, name: "test")
    do throws(Failure) {
      _ = try pipeline.run(
        makeContext: { Context() },
        next: { () throws(Failure) -> Int? in
          let item = fetched
          if let failure = failing.first(where: { $0.item == item && $0.place == "next" }) {
            throw failure
          }
          guard item < count else { return nil }
          fetched += 1
          return item
        },
        weight: { $0 % 7 },
        work: { (context, item) throws(Failure) -> Int in
          context.uses += 1
          var generator = SeededGenerator(seed: seed &+ UInt64(item))
          var sum: UInt64 = 0
          for _ in 0..<(generator.next() % 2000) { sum &+= generator.next() }
          if let failure = failing.first(where: { $0.item == item && $0.place == "work" }) {
            throw failure
          }
          return sum == 1 ? -1 : item
        },
        commit: { (item) throws(Failure) in
          if let failure = failing.first(where: { $0.item == item && $0.place == "commit" }) {
            throw failure
          }
          outcome.committed.append(item)
        })
    } catch {
      outcome.failure = error
    }
    return outcome
  }

  @Test("commits every item in order", arguments: [1, 2, 3, 8], [1, 2, 5, 64])
  func order(workers: Int, itemLimit: Int) {
    let outcome = Self.run(count: 500, workers: workers, itemLimit: itemLimit)
    #expect(outcome == Outcome(committed: Array(0..<500)))
  }

  @Test("a weight limit slows fetching and loses nothing", arguments: [1, 2, 4])
  func weight(workers: Int) {
    let outcome = Self.run(count: 300, workers: workers, itemLimit: 16, weightLimit: 3)
    #expect(outcome == Outcome(committed: Array(0..<300)))
  }

  @Test("the earliest error wins and all before it is committed", arguments: [1, 2, 4, 8])
  func earliestError(workers: Int) {
    for seed in UInt64(0)..<40 {
      var generator = SeededGenerator(seed: seed)
      var failing: [Failure] = []
      for _ in 0..<Int.random(in: 1...4, using: &generator) {
        failing.append(
          Failure(
            item: .random(in: 0..<60, using: &generator),
            place: ["next", "work", "commit"].randomElement(using: &generator) ?? "work"))
      }
      let outcome = Self.run(count: 60, workers: workers, seed: seed, failing: failing)
      let first = failing.map(\.item).min() ?? 0
      #expect(outcome.failure?.item == first, "seed \(seed)")
      #expect(outcome.committed == Array(0..<first), "seed \(seed)")
    }
  }

  @Test("items in flight stay within the limits", arguments: [2, 4])
  func bounds(workers: Int) throws {
    let inFlight = Atomic<Int>(0)
    var worst = 0
    var fetched = 0
    let pipeline = OrderedPipeline(workers: workers, itemLimit: 6, weightLimit: 100)
    _ = pipeline.run(
      makeContext: { 0 },
      next: { () -> Int? in
        guard fetched < 400 else { return nil }
        fetched += 1
        worst = max(worst, inFlight.wrappingAdd(50, ordering: .relaxed).newValue)
        return fetched
      },
      weight: { _ in 50 },
      work: { _, item in item },
      commit: { _ in inFlight.wrappingSubtract(50, ordering: .relaxed) })
    // Two items reach the limit, and while both are in flight no third is fetched. The count is
    // lowered before the pipeline hears of the commit, so it is never too high here.
    #expect(worst <= 100)
    #expect(fetched == 400)
  }

  @Test("an interruption stops fetching and commits what was fetched", arguments: [1, 2, 4])
  func interruption(workers: Int) throws {
    let interruption = Interruption()
    var fetched = 0
    var committed = 0
    let ending = OrderedPipeline(workers: workers).run(
      interruption: interruption,
      makeContext: { Context() },
      next: { () -> Int? in
        fetched += 1
        if fetched == 100 { interruption.raise() }
        return fetched
      },
      work: { _, item in item },
      commit: { item in
        committed += 1
        #expect(item == committed)
      })
    #expect(ending == .interrupted)
    #expect(committed == fetched)
    #expect(fetched >= 100 && fetched < 200)
  }

  @Test("results that cannot be copied reach the commit")
  func buffers() throws {
    let pool = BufferPool()
    var fetched: UInt64 = 0
    var sum: UInt64 = 0
    _ = OrderedPipeline(workers: 3).run(
      makeContext: { Context() },
      next: { () -> ByteBuffer? in
        guard fetched < 1000 else { return nil }
        var buffer = pool.take()
        buffer.append(number: fetched)
        fetched += 1
        return buffer
      },
      weight: { $0.count },
      work: { _, buffer in buffer },
      commit: { (buffer: consuming ByteBuffer) in
        sum = sum &* 3 &+ buffer.bytes.unsafeLoad(as: UInt64.self)
        pool.give(buffer)
      })
    var expected: UInt64 = 0
    for value in UInt64(0)..<1000 { expected = expected &* 3 &+ value }
    #expect(sum == expected)
  }
}

@Suite("Worker pool")
struct WorkerPoolTests {
  @Test("visits every index once", arguments: [1, 2, 5])
  func visits(workers: Int) {
    let sum = Atomic<Int>(0)
    WorkerPool.forEach(count: 1000, workers: workers) { sum.wrappingAdd($0, ordering: .relaxed) }
    #expect(sum.load(ordering: .relaxed) == 499_500)
    WorkerPool.forEach(count: 0, workers: workers) { _ in Issue.record("nothing to visit") }
  }

  @Test("throws the error of the lowest index", arguments: [1, 2, 5])
  func lowestError(workers: Int) {
    for _ in 0..<50 {
      #expect(throws: OrderedPipelineTests.Failure(item: 17, place: "work")) {
        try WorkerPool.forEach(count: 100, workers: workers) {
          (index) throws(OrderedPipelineTests.Failure) in
          if index % 20 >= 17 { throw .init(item: index, place: "work") }
        }
      }
    }
  }

  @Test("knows the processors")
  func processors() {
    #expect(WorkerPool.processorCount >= 1)
  }
}
