import Machine

/// The hashes of a run's inputs, taken by a thread that follows the one who reads.
///
/// So they take little time of their own where a processor is free, and an input larger than memory
/// comes from the disk once, not twice.
final class InputHashes: Sendable {
  /// What became of an input.
  typealias Outcome = Result<Manifest.File, PipelineError>

  private let task: Task
  private let thread: WorkerThread?

  /// Bytes of input that are hashed before any have been read: there is time while the vocabulary is.
  private static let headStart = 32 << 20

  /// Begins, in a thread of its own or, without `isBeside`, when ``finish()`` is called.
  init(_ inputs: InputList, _ files: [Manifest.File], isBeside: Bool) {
    let task = Task(inputs: inputs, files: files)
    self.task = task
    // Where the system has no more threads to give, there is time at the end.
    thread = isBeside ? try? WorkerThread(name: "hash") { task.run() } : nil
  }

  deinit {
    task.state.withLock { $0.isStopped = true }
  }

  /// Ends before its time when an interruption is raised.
  func heed(_ interruption: Interruption) {
    task.state.withLock { $0.interruption = interruption }
  }

  /// Notes how many bytes of all inputs have been read, as stored.
  func follow(_ byteCount: Int) {
    task.state.withLock { $0.bytesRead = max($0.bytesRead, byteCount) }
  }

  /// What became of each input, once all has been read; `nil` when the work is asked to stop.
  func finish() -> [Outcome]? {
    task.state.withLock { $0.isAtEnd = true }
    if let thread { thread.join() } else { task.run() }
    return task.state.withLock { $0.outcomes.count == task.files.count ? $0.outcomes : nil }
  }

  private struct State {
    var bytesRead = InputHashes.headStart
    var isAtEnd = false
    var isStopped = false
    var interruption: Interruption?
    var outcomes: [Outcome] = []
  }

  private struct Task: Sendable {
    let inputs: InputList
    let files: [Manifest.File]
    let state = Monitor(State())

    func run() {
      var start = 0
      for (entry, file) in zip(inputs.entries, files) {
        guard let outcome = outcome(entry, file, startingAt: start) else { return }
        state.withLock { $0.outcomes.append(outcome) }
        start += entry.byteCount
      }
    }

    private func outcome(
      _ entry: InputList.Entry, _ file: Manifest.File, startingAt start: Int
    ) -> Outcome? {
      guard entry.isFile else { return .success(file) }
      do throws(PipelineError) {
        let hashed = try FileHashes.input(file) { range in isRead(start + range.upperBound) }
        return hashed.map { .success($0) }
      } catch {
        return .failure(error)
      }
    }

    // Waits until so many bytes have been read; false when nobody wants the hash any more.
    private func isRead(_ byteCount: Int) -> Bool {
      state.wait { state in
        if state.isStopped || state.interruption?.isRaised == true { return false }
        return state.isAtEnd || state.bytesRead >= byteCount ? true : nil
      }
    }
  }
}
