internal import Glibc
internal import Machine

/// The run's lines in a file, `HOST_stdout.txt` of `log_dir`, behind those of earlier runs.
struct LogFile: ~Copyable {
  private var file: AppendFile

  /// Opens the file of this machine in a folder, which is made when absent.
  ///
  /// - Throws: ``TrainError/system(_:)``.
  init(folder: String) throws(TrainError) {
    try onSystem(FolderContents.make(folder))
    let path = "\(folder)/\(hostName())_stdout.txt"
    do throws(SystemError) {
      let length = DurableFile.exists(path) ? try InputFile(path: path).byteCount : 0
      file = try AppendFile(path: path, length: length)
    } catch { throw .system(error) }
  }

  /// Adds a line, which others can read at once.
  mutating func write(_ line: String) throws(TrainError) {
    do throws(SystemError) {
      try unsafe file.append(Array((line + "\n").utf8).span.bytes)
      try file.flush()
    } catch { throw .system(error) }
  }
}

/// The name of this machine.
func hostName() -> String {
  var name = [CChar](repeating: 0, count: 256)
  unsafe gethostname(&name, name.count - 1)
  return String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
}
