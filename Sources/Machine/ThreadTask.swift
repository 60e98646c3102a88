internal import CMachine
internal import Glibc

/// What a new thread does, and its name.
final class ThreadTask: Sendable {
  private let name: String
  private let body: @Sendable () -> Void

  init(name: String, body: @escaping @Sendable () -> Void) {
    self.name = String(name.prefix(15))
    self.body = body
  }

  /// Starts a thread that runs the task; `nil` when the system has no more threads to give.
  func start() -> pthread_t? {
    let task = unsafe Unmanaged.passRetained(self)
    var thread = pthread_t()
    let status = unsafe pthread_create(
      &thread, nil,
      { argument in
        guard let argument = unsafe argument else { return nil }
        let task = unsafe Unmanaged<ThreadTask>.fromOpaque(argument).takeRetainedValue()
        unsafe cm_name_thread(task.name)
        task.body()
        return nil
      }, task.toOpaque())
    guard status == 0 else {
      unsafe task.release()
      return nil
    }
    return thread
  }
}
