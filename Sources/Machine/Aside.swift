/// A value that another thread works out, while its owner does something else.
package final class Aside<Value: Sendable, Failure: Error>: Sendable {
  private let body: @Sendable () throws(Failure) -> Value
  private let result = Monitor<Result<Value, Failure>?>(nil)
  private let thread: WorkerThread?

  /// Begins; where the system has no more threads to give, the work is done when it is asked for.
  package init(name: String, _ body: @escaping @Sendable () throws(Failure) -> Value) {
    self.body = body
    let result = result
    thread = try? WorkerThread(name: name) {
      let outcome = Self.outcome(of: body)
      result.withLock { $0 = outcome }
    }
  }

  /// Waits for the value.
  package func value() throws(Failure) -> Value {
    thread?.join()
    let outcome = result.withLock { $0 } ?? Self.outcome(of: body)
    return try outcome.get()
  }

  private static func outcome(
    of body: () throws(Failure) -> Value
  ) -> Result<Value, Failure> {
    do throws(Failure) { return .success(try body()) } catch { return .failure(error) }
  }
}
