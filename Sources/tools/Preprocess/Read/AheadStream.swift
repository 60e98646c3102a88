import Machine

/// The content of another stream, which a thread of its own reads ahead: taking off compression takes
/// as long as encoding, and one thread has to do it.
final class AheadStream: ByteStream {
  let name: String
  private let shared: Shared
  private let thread: WorkerThread?
  private var block = Block()
  /// Bytes of the block that were given.
  private var given = 0

  /// Bytes that are read at once, and how many such blocks wait.
  private static let blockSize = 256 << 10
  private static let blockLimit = 32

  /// Begins to read.
  init(_ stream: any ByteStream) {
    name = stream.name
    let shared = Shared(stream)
    self.shared = shared
    // Where the system has no more threads to give, blocks are read when they are wanted.
    thread = try? WorkerThread(name: "ahead") { shared.readAll() }
  }

  deinit {
    shared.state.withLock { $0.isStopped = true }
  }

  /// Bytes of the stored file that what was given so far has taken.
  var storedByte: Int { block.storedByte }

  func read(into buffer: UnsafeMutableRawBufferPointer) throws(PreprocessError) -> Int {
    if given == block.count, try !nextBlock() { return 0 }
    let count = min(buffer.count, block.count - given)
    unsafe buffer.copyBytes(from: block.bytes[given..<given + count])
    given += count
    return count
  }

  private func nextBlock() throws(PreprocessError) -> Bool {
    guard !block.isLast else {
      if let error = block.error { throw error }
      return false
    }
    if thread == nil {
      block = shared.readBlock(block.bytes)
    } else {
      let used = block.bytes
      block = shared.state.wait { state in
        guard !state.blocks.isEmpty else { return nil }
        return state.blocks.removeFirst()
      }
      shared.state.withLock { $0.spare.append(used) }
    }
    given = 0
    if block.count == 0, let error = block.error { throw error }
    return block.count > 0
  }

  /// Some bytes of the stream, and what became of it behind them.
  private struct Block: Sendable {
    var bytes: [UInt8] = []
    var count = 0
    var storedByte = 0
    var isLast = false
    var error: PreprocessError?
  }

  private struct State {
    var blocks: [Block] = []
    var spare: [[UInt8]] = []
    var isStopped = false
  }

  /// What both threads have.
  private final class Shared: Sendable {
    let state = Monitor(State())
    /// Locked by the one thread that reads it.
    private let stream: Monitor<any ByteStream>

    init(_ stream: any ByteStream) { self.stream = Monitor(stream) }

    /// Reads to the end, as far ahead as there is room.
    func readAll() {
      var isLast = false
      while !isLast {
        let spare: [UInt8]? = state.wait { state in
          if state.isStopped { return .some(nil) }
          guard state.blocks.count < AheadStream.blockLimit else { return nil }
          return state.spare.popLast() ?? []
        }
        guard let spare else { return }
        let block = readBlock(spare)
        isLast = block.isLast
        state.withLock { $0.blocks.append(block) }
      }
    }

    /// Reads until a block is full or the stream ends.
    func readBlock(_ spare: [UInt8]) -> Block {
      stream.withLock { stream in
        var block = Block(bytes: spare)
        if block.bytes.isEmpty { block.bytes = [UInt8](repeating: 0, count: AheadStream.blockSize) }
        do throws(PreprocessError) {
          while block.count < AheadStream.blockSize, !block.isLast {
            let more = try block.bytes.fill(
              from: block.count, upTo: AheadStream.blockSize, with: stream)
            block.count += more
            block.isLast = more == 0
          }
        } catch {
          block.error = error
          block.isLast = true
        }
        block.storedByte = stream.storedByte
        return block
      }
    }
  }
}
