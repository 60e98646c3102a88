internal import Glibc
internal import Machine

/// A file of events that TensorBoard reads.
///
/// Each record is a TFRecord:
///
///     0    8    length n, little-endian
///     8    4    masked CRC-32C of those 8 bytes
///     12   n    the event, a protocol buffer (tensorflow/core/util/event.proto)
///     12+n 4    masked CRC-32C of the event
package struct EventFile: ~Copyable {
  private var file: AppendFile
  private let clock: @Sendable () -> Double

  /// Begins a new file in a folder, which is made when absent; its name says when and where.
  ///
  /// - Throws: ``TrainError/system(_:)``.
  package init(folder: String) throws(TrainError) {
    try onSystem(FolderContents.make(folder))
    let host = hostName()
    let seconds = Int(Self.now())
    var number = 0
    func path() -> String {
      "\(folder)/events.out.tfevents.\(seconds).\(host).\(getpid()).\(number)"
    }
    while DurableFile.exists(path()) { number += 1 }
    try self.init(path: path(), clock: Self.now)
  }

  /// Begins a file under a name, with the time of a clock in seconds since 1970.
  init(path: String, clock: @escaping @Sendable () -> Double) throws(TrainError) {
    let first = Self.record(time: clock(), step: nil) { $0.bytes(3, Array("brain.Event:2".utf8)) }
    do throws(SystemError) {
      var begun = try AppendFile(path: path)
      try unsafe begun.append(first.span.bytes)
      file = begun
    } catch { throw .system(error) }
    self.clock = clock
  }

  /// Says that the run goes on with a step: TensorBoard drops what earlier files tell of it and of
  /// later ones, which comes again.
  package mutating func begin(step: Int) throws(TrainError) {
    // SessionLog's status START.
    try write(step: step) { event in event.message(7) { $0.integer(1, 1) } }
  }

  /// Adds a number under a tag.
  package mutating func scalar(_ tag: String, _ value: Double, step: Int) throws(TrainError) {
    try write(step: step) { event in
      event.message(5) { summary in
        summary.message(1) { entry in
          entry.bytes(1, Array(tag.utf8))
          entry.float(2, Float(value))
        }
      }
    }
  }

  /// Adds a text under a tag; TensorBoard shows it as `TAG/text_summary`, as PyTorch writes it.
  package mutating func text(_ tag: String, _ text: String, step: Int = 0) throws(TrainError) {
    try write(step: step) { event in
      event.message(5) { summary in
        summary.message(1) { entry in
          entry.bytes(1, Array((tag + "/text_summary").utf8))
          entry.message(9) { metadata in
            metadata.message(1) { $0.bytes(1, Array("text".utf8)) }
          }
          entry.message(8) { tensor in
            // A tensor of one string.
            tensor.integer(1, 7)
            tensor.message(2) { shape in shape.message(2) { $0.integer(1, 1) } }
            tensor.bytes(8, Array(text.utf8))
          }
        }
      }
    }
  }

  /// Hands everything to the system, so that TensorBoard sees it.
  package mutating func flush() throws(TrainError) {
    do throws(SystemError) { try file.flush() } catch { throw .system(error) }
  }

  private mutating func write(
    step: Int, _ fill: (inout ProtocolBuffer) -> Void
  ) throws(TrainError) {
    let record = Self.record(time: clock(), step: step, fill)
    do throws(SystemError) {
      try unsafe file.append(record.span.bytes)
    } catch { throw .system(error) }
  }

  private static func record(
    time: Double, step: Int?, _ fill: (inout ProtocolBuffer) -> Void
  ) -> [UInt8] {
    var event = ProtocolBuffer()
    event.double(1, time)
    if let step { event.integer(2, step) }
    fill(&event)
    let length = littleEndianBytes(UInt64(event.encoded.count))
    return length + littleEndianBytes(UInt64(CRC32C.masked(length))).prefix(4) + event.encoded
      + littleEndianBytes(UInt64(CRC32C.masked(event.encoded))).prefix(4)
  }

  private static func now() -> Double {
    var time = timespec()
    unsafe clock_gettime(CLOCK_REALTIME, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
  }
}
