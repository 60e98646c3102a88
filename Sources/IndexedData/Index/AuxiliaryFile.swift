internal import Machine

/// A file that grows along with the datasets of a transaction.
final class AuxiliaryFile {
  let path: String
  private var file: AppendFile

  init(path: String, length: Int) throws(IndexedDataError) {
    self.path = path
    file = try asking { () throws(SystemError) in
      try AppendFile(path: Self.partialPath(path), length: length)
    }
  }

  var byteCount: Int { file.byteCount }

  func append(_ bytes: RawSpan) throws(IndexedDataError) {
    try asking { () throws(SystemError) in try file.append(bytes) }
  }

  func flush() throws(IndexedDataError) {
    try asking { () throws(SystemError) in try file.flush() }
  }

  /// Adds what there is so far to what is to be made durable.
  func join(_ group: inout DurableGroup) throws(IndexedDataError) {
    do throws(SystemError) { try group.add(&file) } catch { throw .system(error) }
  }

  func synchronize() throws(IndexedDataError) {
    try asking { () throws(SystemError) in try file.synchronize() }
  }

  static func partialPath(_ path: String) -> String { path + ".partial" }
}
