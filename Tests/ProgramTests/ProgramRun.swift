import Foundation

/// What a program did.
struct ProgramRun: Sendable {
  let status: Int32
  let output: String
  let errors: String

  /// Both texts and the status, for messages.
  var all: String { "status \(status)\n\(output)\(errors)" }
}

/// A product of this package, built beside the tests.
struct BuiltProgram: Sendable {
  let path: String

  init(_ name: String) {
    let tests = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
    var folder = tests.deletingLastPathComponent()
    let arguments = CommandLine.arguments
    if let place = arguments.firstIndex(of: "--test-bundle-path"), place + 1 < arguments.count {
      folder = URL(filePath: arguments[place + 1]).deletingLastPathComponent()
    }
    path = folder.appending(path: name).path()
  }

  /// Starts the program; `environment` is added to that of the tests.
  func start(
    _ arguments: [String], environment: [String: String] = [:], input: String? = nil,
    shellSetup: String? = nil
  ) throws -> RunningProgram {
    try RunningProgram(path, arguments, environment, input, shellSetup)
  }

  /// Runs the program to its end.
  func run(
    _ arguments: [String], environment: [String: String] = [:], input: String? = nil,
    shellSetup: String? = nil
  ) throws -> ProgramRun {
    try start(
      arguments, environment: environment, input: input, shellSetup: shellSetup
    ).wait()
  }
}

/// A program that is running.
final class RunningProgram {
  private let process = Process()
  private let folder: URL

  init(
    _ path: String, _ arguments: [String], _ environment: [String: String], _ input: String?,
    _ shellSetup: String?
  ) throws {
    // Files, not pipes: nobody has to read while the program runs.
    folder = FileManager.default.temporaryDirectory.appending(path: "run-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    if let shellSetup {
      process.executableURL = URL(filePath: "/bin/sh")
      process.arguments = ["-c", shellSetup + "; exec \"$0\" \"$@\"", path] + arguments
    } else {
      process.executableURL = URL(filePath: path)
      process.arguments = arguments
    }
    var all = ProcessInfo.processInfo.environment
    for name in ["RANK", "WORLD_SIZE", "SLURM_PROCID", "SLURM_NTASKS", "DATA_DIR"] {
      all[name] = nil
    }
    process.environment = all.merging(environment) { $1 }
    process.standardOutput = try Self.newFile(folder.appending(path: "out"))
    process.standardError = try Self.newFile(folder.appending(path: "err"))
    process.standardInput = input.flatMap { FileHandle(forReadingAtPath: $0) } ?? .nullDevice
    try process.run()
  }

  deinit {
    try? FileManager.default.removeItem(at: folder)
  }

  /// Sends a signal.
  func send(_ signal: Int32) { kill(process.processIdentifier, signal) }

  /// Whether the program has not ended yet.
  var isRunning: Bool { process.isRunning }

  /// Waits for the end; a program killed by a signal has the negative signal as its status.
  func wait() throws -> ProgramRun {
    process.waitUntilExit()
    let status = process.terminationStatus
    return ProgramRun(
      status: process.terminationReason == .uncaughtSignal ? -status : status,
      output: try String(contentsOf: folder.appending(path: "out"), encoding: .utf8),
      errors: try String(contentsOf: folder.appending(path: "err"), encoding: .utf8))
  }

  private static func newFile(_ url: URL) throws -> FileHandle {
    _ = FileManager.default.createFile(atPath: url.path(), contents: nil)
    return try FileHandle(forWritingTo: url)
  }
}
