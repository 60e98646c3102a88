import CSimdJSON

/// The fast parser of JSON records, owned by one thread.
@safe
final class RecordParser {
  private let handle: OpaquePointer
  private let texts: UnsafeMutablePointer<csj_text>

  /// Makes a parser for records from which `keys` are wanted; `nil` when memory is short.
  init?(keys: [[UInt8]]) {
    let names = keys.flatMap { $0 }
    let lengths = keys.map(\.count)
    guard let handle = unsafe csj_record_parser_make(names, lengths, keys.count) else {
      return nil
    }
    unsafe self.handle = handle
    unsafe texts = .allocate(capacity: keys.count)
    unsafe texts.initialize(repeating: csj_text(), count: keys.count)
  }

  deinit {
    unsafe csj_record_parser_free(handle)
    unsafe texts.deallocate()
  }

  /// Parses an ordinary record; returns false when ``JSONScanner`` must judge it.
  ///
  /// `ByteBlock.padding` bytes after the record must be readable.
  func parse(_ record: UnsafeBufferPointer<UInt8>) -> Bool {
    guard let start = record.baseAddress else { return false }
    return unsafe csj_record_parse(handle, start, record.count, texts) == 1
  }

  /// The text of a wanted member in the record that was parsed last.
  func text(_ key: Int) -> UnsafeBufferPointer<UInt8> {
    unsafe UnsafeBufferPointer(start: texts[key].text, count: texts[key].length)
  }
}
