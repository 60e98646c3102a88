import Foundation
import TestSupport

/// A named pipe through which tests feed bytes, as often as they like.
struct PipeFixture {
  let path: String

  init(_ folder: TemporaryFolder, _ name: String) throws {
    path = folder.file(name)
    guard mkfifo(path, 0o600) == 0 else { throw CocoaError(.fileWriteUnknown) }
  }

  /// Runs `body` while somebody writes `bytes` into the pipe; whoever reads may stop at any time.
  func feeding<Value>(_ bytes: [UInt8], _ body: () throws -> Value) rethrows -> Value {
    let isDone = DispatchSemaphore(value: 0)
    let path = path
    Thread {
      Self.write(bytes, path)
      isDone.signal()
    }.start()
    defer {
      // Wakes a writer whose pipe nobody reads; it may be about to open it only.
      repeat {
        close(open(path, O_RDONLY | O_NONBLOCK))
      } while isDone.wait(timeout: .now() + .milliseconds(1)) == .timedOut
    }
    return try body()
  }

  private static func write(_ bytes: [UInt8], _ path: String) {
    var signals = sigset_t()
    sigemptyset(&signals)
    sigaddset(&signals, SIGPIPE)
    pthread_sigmask(SIG_BLOCK, &signals, nil)
    let descriptor = open(path, O_WRONLY)
    defer { close(descriptor) }
    var start = 0
    while start < bytes.count {
      let count = bytes[start...].withUnsafeBytes {
        // Of changing size, so that readers get other pieces each time.
        Glibc.write(descriptor, $0.baseAddress, min($0.count, 1 + (start % 50_000)))
      }
      guard count > 0 else { return }
      start += count
    }
  }
}
