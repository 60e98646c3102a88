internal import Glibc
internal import Synchronization

/// Descriptors of files that are read again and again, of which only so many are open at a time.
///
/// Where there are more files than that, the one that was not read for the longest time is closed, and
/// opened again when it is needed. A descriptor is closed when the last thread that reads from it is
/// done, so that no more are open than the limit and one for each reading thread.
package final class FilePool: Sendable {
  /// The pool of this process: a quarter of the descriptors it may have, at most 1,024.
  package static let shared = FilePool(limit: min(1024, max(8, DescriptorLimit.current / 4)))

  /// The most files that stay open.
  package let limit: Int
  private let held = Mutex<[Slot]>([])
  private let clock = Atomic<Int>(0)

  /// Makes an empty pool.
  ///
  /// - Precondition: `limit ≥ 1`.
  package init(limit: Int) {
    precondition(limit >= 1)
    self.limit = limit
  }

  /// How many files are open now.
  package var openCount: Int { held.withLock { $0.count } }

  /// A file that is open as long as somebody holds it.
  final class OpenFile: Sendable {
    let file: InputFile

    init(path: String) throws(SystemError) {
      file = try InputFile(path: path)
    }
  }

  /// A place for the descriptor of one file.
  final class Slot: Sendable {
    fileprivate let file = Mutex<OpenFile?>(nil)
    fileprivate let lastUse = Atomic<Int>(0)
  }

  /// The file of a slot, where it is open.
  func file(in slot: Slot) -> OpenFile? {
    guard let file = slot.file.withLock({ $0 }) else { return nil }
    slot.lastUse.store(clock.wrappingAdd(1, ordering: .relaxed).newValue, ordering: .relaxed)
    return file
  }

  /// Opens a file; where the process has no more descriptors, the pool gives some of its own back.
  func open(_ path: String) throws(SystemError) -> OpenFile {
    while true {
      do throws(SystemError) {
        return try OpenFile(path: path)
      } catch {
        guard error.code == EMFILE || error.code == ENFILE else { throw error }
        guard held.withLock({ Self.closeOldest(&$0) }) else { throw error }
      }
    }
  }

  /// Keeps an open file in a slot for the next read, and closes others beyond the limit.
  func keep(_ file: OpenFile, in slot: Slot) {
    slot.lastUse.store(clock.wrappingAdd(1, ordering: .relaxed).newValue, ordering: .relaxed)
    held.withLock { held in
      let isNew = slot.file.withLock { kept in
        defer { kept = kept ?? file }
        return kept == nil
      }
      // Another thread may have opened the same file meanwhile.
      guard isNew else { return }
      while held.count >= limit { _ = Self.closeOldest(&held) }
      held.append(slot)
    }
  }

  /// Closes the file of a slot that is not needed any more.
  func forget(_ slot: Slot) {
    held.withLock { held in
      guard let place = held.firstIndex(where: { $0 === slot }) else { return }
      held.swapAt(place, held.count - 1)
      held.removeLast()
    }
  }

  private static func closeOldest(_ held: inout [Slot]) -> Bool {
    let oldest = held.indices.min {
      held[$0].lastUse.load(ordering: .relaxed) < held[$1].lastUse.load(ordering: .relaxed)
    }
    guard let oldest else { return false }
    held[oldest].file.withLock { $0 = nil }
    held.swapAt(oldest, held.count - 1)
    held.removeLast()
    return true
  }
}
