internal import CMachine
internal import Glibc
internal import Synchronization

/// One thread that works beside its owner until its body returns.
package final class WorkerThread: Sendable {
  private let thread: pthread_t
  private let isJoined = Atomic<Bool>(false)

  /// Starts a thread.
  ///
  /// - Throws: ``SystemError`` when the system has no more threads to give.
  package init(
    name: String, _ body: @escaping @Sendable () -> Void
  ) throws(SystemError) {
    let task = unsafe Unmanaged.passRetained(Task(name: String(name.prefix(15)), body: body))
    var thread = pthread_t()
    let status = unsafe pthread_create(
      &thread, nil,
      { argument in
        guard let argument = unsafe argument else { return nil }
        let task = unsafe Unmanaged<Task>.fromOpaque(argument).takeRetainedValue()
        Interruption.leaveToOthers()
        unsafe cm_name_thread(task.name)
        task.body()
        return nil
      }, task.toOpaque())
    guard status == 0 else {
      unsafe task.release()
      throw SystemError(call: "pthread_create", path: "", code: status)
    }
    self.thread = thread
  }

  /// Waits until the body has returned.
  ///
  /// The body must have been told to end by then. One thread joins.
  package func join() {
    if !isJoined.exchange(true, ordering: .relaxed) { pthread_join(thread, nil) }
  }

  deinit {
    join()
  }

  private final class Task: Sendable {
    let name: String
    let body: @Sendable () -> Void

    init(name: String, body: @escaping @Sendable () -> Void) {
      self.name = name
      self.body = body
    }
  }
}
