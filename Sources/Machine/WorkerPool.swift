internal import CMachine
internal import Synchronization

/// Threads that live as long as one call.
package enum WorkerPool {
  /// Processors this process may use.
  package static var processorCount: Int { Int(cm_processor_count()) }

  /// Runs `body(0)` … `body(count - 1)` on `workers` threads, each index once, lowest first.
  ///
  /// - Throws: the error of the lowest index that failed; indexes not yet begun are left out then.
  package static func forEach<Failure: Error>(
    count: Int, workers: Int, name: String = "worker",
    _ body: @Sendable (Int) throws(Failure) -> Void
  ) throws(Failure) {
    let next = Atomic<Int>(0)
    let failure = Mutex<(index: Int, error: Failure)?>(nil)
    run(threads: min(workers, count), name: name) { _ in
      while true {
        let index = next.wrappingAdd(1, ordering: .relaxed).oldValue
        guard index < count else { return }
        do throws(Failure) {
          try body(index)
        } catch {
          next.store(count, ordering: .relaxed)
          failure.withLock { first in
            if index < first?.index ?? .max { first = (index, error) }
          }
        }
      }
    }
    if let failure = failure.withLock({ $0 }) { throw failure.error }
  }

  /// Runs `body` once on each of `threads` threads, the calling one included, and waits for all.
  ///
  /// When the system has no more threads to give, fewer run; the work must not count on them.
  static func run(threads: Int, name: String, _ body: @Sendable (Int) -> Void) {
    guard threads > 1 else {
      body(0)
      return
    }
    withoutActuallyEscaping(body) { body in
      var started: [WorkerThread] = []
      for index in 1..<threads {
        guard let thread = try? WorkerThread(name: "\(name) \(index)", { body(index) }) else {
          break
        }
        started.append(thread)
      }
      body(0)
      for thread in started { thread.join() }
    }
  }
}
