import Testing

@testable import Machine

@Suite("Worker thread")
struct WorkerThreadTests {
  @Test("works beside its owner until it is told to end")
  func besideItsOwner() throws {
    let numbers = Monitor((sent: 0, received: 0, isClosed: false))
    let thread = try WorkerThread(name: "a name longer than fifteen bytes") {
      while true {
        let isOpen = numbers.wait { $0.isClosed ? false : $0.sent > $0.received ? true : nil }
        guard isOpen else { return }
        numbers.withLock { $0.received += 1 }
      }
    }
    for _ in 0..<100 {
      numbers.withLock { $0.sent += 1 }
      numbers.wait { $0.received == $0.sent ? () : nil }
    }
    numbers.withLock { $0.isClosed = true }
    thread.join()
    thread.join()
    #expect(numbers.withLock { $0.received } == 100)
  }

  @Test("is waited for when it is dropped")
  func dropped() throws {
    let done = Monitor(false)
    do {
      let thread = try WorkerThread(name: "short") { done.withLock { $0 = true } }
      withExtendedLifetime(thread) {}
    }
    #expect(done.withLock { $0 })
  }
}
