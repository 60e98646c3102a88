public import IndexedData
public import Machine

/// What can be wrong with a configuration, a checkpoint, the data of a run, or the run itself.
public enum TrainError: Error, Sendable {
  /// The system refused something.
  case system(SystemError)
  /// A dataset cannot be read.
  case dataset(IndexedDataError)
  /// A dataset that a key of the configuration names cannot be used.
  case data(key: String, IndexedDataError)
  /// A file says something at a place that cannot be.
  case malformed(path: String, place: String, reason: String)
  /// The tokenizer cannot be loaded.
  case vocabulary(reason: String)
  /// A configuration with problems, a line each; whether `--set` alone makes them.
  case invalidConfiguration(report: String, isOfSettings: Bool)
  /// A signal ended the work; what came of it, and whether the same work goes on from there.
  case interrupted(outcome: String, goesOn: Bool)
  /// What is asked for is not done here; the reason says what to do instead.
  case unsupported(what: String, reason: String)
}

extension TrainError {
  /// The error of a signal while index maps were made.
  package static let mapsInterrupted = TrainError.interrupted(
    outcome:
      "unfinished index maps were removed, maps that are whole are kept, and the same command"
      + " makes the others", goesOn: true)

  /// Ends work that a signal asked to stop, of which nothing is left at `path`.
  ///
  /// - Throws: ``interrupted(outcome:goesOn:)``.
  static func endWhereRaised(
    _ interruption: Interruption?, notWritten path: String
  ) throws(TrainError) {
    guard interruption?.isRaised == true else { return }
    throw .interrupted(outcome: "\(path) was not written", goesOn: false)
  }
}

extension TrainError: CustomStringConvertible {
  /// One line: where, what was found, and what can be done.
  public var description: String {
    switch self {
    case .system(let error): error.description
    case .dataset(let error): error.description
    case .data(let key, let error): "\(key): \(error)"
    case .malformed(let path, let place, let reason): "\(path): \(place): \(reason)"
    case .vocabulary(let reason): reason
    case .invalidConfiguration(let report, _): report
    case .interrupted(let outcome, _): "interrupted; \(outcome)"
    case .unsupported(let what, let reason): "\(what): \(reason)"
    }
  }
}
