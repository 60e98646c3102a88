internal import CMachine
internal import Glibc
internal import Synchronization

/// Threads that live as long as the team and run short pieces of work together, again and again.
///
/// A region costs a few microseconds: members look for work for a moment before they sleep. One
/// thread at a time may call ``run(_:)``; it takes part as member 0.
package final class ThreadTeam: Sendable {
  /// Members, the calling thread included; the system may have granted fewer than were asked for.
  package let threadCount: Int
  private let shared: Shared
  private let threads: [WorkerThread]

  /// Starts `threads - 1` threads; their name is shown by `top -H`.
  package init(threads: Int, name: String = "team") {
    let shared = Shared()
    var started: [WorkerThread] = []
    for member in 1..<max(threads, 1) {
      let thread = try? WorkerThread(name: "\(name) \(member)") { shared.serve(member) }
      guard let thread else { break }
      started.append(thread)
    }
    self.shared = shared
    self.threads = started
    threadCount = started.count + 1
  }

  deinit {
    shared.publish(0, members: threads.count)
    for thread in threads { thread.join() }
  }

  /// Runs `body(0)` … `body(threadCount - 1)` at the same time, and waits for all.
  package func run(_ body: @Sendable (Int) -> Void) {
    guard threadCount > 1 else {
      body(0)
      return
    }
    // Members reach the closure by its address: nothing of it may be kept when this returns.
    withoutActuallyEscaping(body) { body in
      // In a struct, the closure is kept as it is called, without another around it.
      unsafe withUnsafePointer(to: Region(body: body)) { place in
        shared.publish(UInt(bitPattern: place), members: threadCount - 1)
        body(0)
        shared.awaitMembers()
      }
    }
  }

  /// Runs `body(index, member)` for every index, each once; a free member takes the lowest left.
  package func forEach(count: Int, _ body: @Sendable (_ index: Int, _ member: Int) -> Void) {
    guard threadCount > 1, count > 1 else {
      for index in 0..<count { body(index, 0) }
      return
    }
    let next = Atomic<Int>(0)
    run { member in
      while true {
        let index = next.wrappingAdd(1, ordering: .relaxed).oldValue
        guard index < count else { return }
        body(index, member)
      }
    }
  }

  /// Cuts `0..<count` into one range a member, each a multiple of `multiple` long but the last, and
  /// runs `body(range, member)` on those that are not empty.
  package func split(
    _ count: Int, multiple: Int = 1, _ body: @Sendable (_ range: Range<Int>, _ member: Int) -> Void
  ) {
    let pieces = (count + multiple - 1) / multiple
    guard threadCount > 1, pieces > 1 else {
      if count > 0 { body(0..<count, 0) }
      return
    }
    let members = threadCount
    run { member in
      let start = min(count, pieces * member / members * multiple)
      let end = min(count, pieces * (member + 1) / members * multiple)
      if start < end { body(start..<end, member) }
    }
  }
}

extension ThreadTeam {
  private struct Region {
    let body: @Sendable (Int) -> Void
  }

  /// What the members share.
  private final class Shared: Sendable {
    private struct Work {
      var generation = 0
      /// Where the closure lies; zero when there is no more to do.
      var address: UInt = 0
    }

    private let work = Monitor(Work())
    /// How many regions every member has finished.
    private let finished = Monitor(0)
    // Copies of what the monitors guard, to be looked at without a lock.
    private let generation = Atomic<Int>(0)
    private let busy = Atomic<Int>(0)

    /// Hands the closure at `address` to every member; zero sends them home.
    func publish(_ address: UInt, members: Int) {
      busy.store(members, ordering: .relaxed)
      work.withLock { work in
        work.address = address
        work.generation += 1
        generation.store(work.generation, ordering: .releasing)
      }
    }

    /// Returns when every member has done its part.
    func awaitMembers() {
      if spin({ busy.load(ordering: .acquiring) == 0 }) { return }
      _ = finished.wait { _ in busy.load(ordering: .acquiring) == 0 ? true : nil }
    }

    /// A member's life.
    func serve(_ member: Int) {
      var seen = 0
      while true {
        let last = seen
        _ = spin { generation.load(ordering: .acquiring) != last }
        let next = work.wait { $0.generation != last ? $0 : nil }
        seen = next.generation
        guard next.address != 0 else { return }
        Self.call(next.address, member)
        if busy.wrappingSubtract(1, ordering: .acquiringAndReleasing).newValue == 0 {
          finished.withLock { $0 += 1 }
        }
      }
    }

    // Never inlined, so that the closure is let go before the member reports.
    @inline(never)
    private static func call(_ address: UInt, _ member: Int) {
      guard let place = unsafe UnsafePointer<Region>(bitPattern: address) else {
        return
      }
      unsafe place.pointee.body(member)
    }

    /// Looks for some ten microseconds whether something came true.
    private func spin(_ condition: () -> Bool) -> Bool {
      for _ in 0..<1000 {
        if condition() { return true }
        cm_pause()
      }
      return condition()
    }
  }
}
