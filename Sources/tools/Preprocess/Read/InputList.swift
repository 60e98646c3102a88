import Glibc
import Machine

/// The inputs of a run, in order: what `--input` names, with folders and patterns expanded.
package struct InputList: Sendable {
  /// One input.
  package struct Entry: Equatable, Sendable {
    /// The path as it was named; `-` is standard input.
    package let path: String
    /// Bytes as stored; 0 for what has no length, such as a pipe.
    package let byteCount: Int
    /// When it was last changed, in nanoseconds since 1970; 0 for what is no file.
    package let modified: Int
    /// Whether it can be read from any offset.
    package let isFile: Bool
    /// The format of a file that is not compressed.
    let plainFormat: StreamFormat?

    /// Whether the file can be divided at line starts.
    var isDivisible: Bool { plainFormat == .jsonLines || plainFormat == .textLines }
  }

  /// The inputs.
  package let entries: [Entry]
  /// Files and folders that a folder or a pattern holds and that are not read; folders end in `/`.
  package let ignored: [String]

  /// Expands the values of `--input`.
  ///
  /// Each is a list with commas, unless a file has it for its name as it stands. A part is a file,
  /// `-`, a folder, or a pattern with `*`, `?`, `[` or `**`, see ``InputPattern``. Of a folder, the
  /// files whose names tell that they hold documents are taken; its folders are not entered. Folders
  /// and patterns give their files in code point order.
  /// - Throws: ``PreprocessError`` when a part names nothing or holds nothing, a file is named twice, or
  ///   neither name nor content tells what a file holds.
  package init(_ arguments: [String], format: InputFormat = .auto) throws(PreprocessError) {
    var expansion = InputExpansion(format: format)
    for argument in arguments {
      guard !argument.contains(",") || !InputExpansion.exists(argument) else {
        try expansion.add(argument)
        continue
      }
      for part in argument.split(separator: ",") { try expansion.add(String(part)) }
    }
    guard !expansion.isUntouched else { throw .noInput }
    entries = expansion.entries
    ignored = expansion.ignored
  }

  /// Whether all inputs are files, whose length and time tell when they are others.
  package var isRereadable: Bool { entries.allSatisfy(\.isFile) }

  /// Bytes as stored, of all inputs.
  package var byteCount: Int { entries.reduce(0) { $0 + $1.byteCount } }

  /// Bytes that differ when any input is another file, or was changed.
  package var identity: [UInt8] {
    var bytes: [UInt8] = []
    for entry in entries {
      bytes += Array(entry.path.utf8) + [0]
      for number in [entry.byteCount, entry.modified] {
        bytes += (0..<8).map { UInt8(truncatingIfNeeded: number >> ($0 * 8)) }
      }
    }
    return bytes
  }
}

/// The expansion of inputs, part by part.
private struct InputExpansion {
  let format: InputFormat
  var entries: [InputList.Entry] = []
  var ignored: [String] = []
  var isUntouched = true
  /// The paths of files by what tells them apart.
  private var seen: [[UInt64]: String] = [:]

  init(format: InputFormat) {
    self.format = format
  }

  mutating func add(_ part: String) throws(PreprocessError) {
    isUntouched = false
    if part == "-" {
      guard seen.updateValue(part, forKey: []) == nil else { throw .namedTwice("standard input") }
      entries.append(.init(path: "-", byteCount: 0, modified: 0, isFile: false, plainFormat: nil))
      return
    }
    let (entryCount, ignoredCount) = (entries.count, ignored.count)
    if let status = Self.status(of: part) {
      guard status.st_mode & S_IFMT == S_IFDIR else { return try addFile(part, status) }
      try addFolder(part)
    } else {
      guard part.contains(where: { "*?[".contains($0) }) else { throw .missingInput(part) }
      try addPattern(part)
    }
    guard entries.count > entryCount else {
      throw .noReadableFile(part, ignored: Array(ignored[ignoredCount...]))
    }
  }

  private mutating func addFolder(_ folder: String) throws(PreprocessError) {
    for name in try Self.names(in: folder) {
      let path = folder.hasSuffix("/") ? folder + name : folder + "/" + name
      guard let status = Self.status(of: path), status.st_mode & S_IFMT == S_IFREG,
        Wrapping.isInputName(name) || format != .auto
      else {
        ignored.append(Self.isFolder(path) ? path + "/" : path)
        continue
      }
      try addFile(path, status)
    }
  }

  private mutating func addPattern(_ pattern: String) throws(PreprocessError) {
    let pattern = InputPattern(pattern)
    let paths = pattern.paths()
    guard !paths.isEmpty else { throw .missingInput(pattern.text) }
    for path in Self.sorted(paths) {
      if Self.isFolder(path) {
        // What lies in the folders below has been found, where the pattern goes there.
        if !pattern.isRecursive { ignored.append(path + "/") }
      } else if let status = Self.status(of: path) {
        try addFile(path, status)
      } else {
        ignored.append(path)
      }
    }
  }

  /// Whether something has this name.
  static func exists(_ path: String) -> Bool { status(of: path) != nil }

  private static func isFolder(_ path: String) -> Bool {
    status(of: path).map { $0.st_mode & S_IFMT == S_IFDIR } ?? false
  }

  private mutating func addFile(_ path: String, _ status: stat) throws(PreprocessError) {
    let identity = [UInt64(status.st_dev), UInt64(status.st_ino)]
    if let other = seen.updateValue(path, forKey: identity) {
      throw other == path ? .namedTwice(path) : .sameFile(path, as: other)
    }
    guard status.st_mode & S_IFMT == S_IFREG else {
      entries.append(.init(path: path, byteCount: 0, modified: 0, isFile: false, plainFormat: nil))
      return
    }
    let head = try Self.head(of: path, byteCount: Int(status.st_size))
    var plainFormat: StreamFormat?
    if Wrapping(head: head) == nil {
      plainFormat = StreamFormat(StreamTraits(name: path, head: head, wanted: format))
      guard plainFormat != nil || !Wrapping.isNamed(path) else {
        let found = head.isEmpty ? "it is empty" : "it does not begin as any does"
        throw .unreadable(
          name: path, byte: 0,
          reason: "its name promises compressed data, but \(found); make or fetch it again")
      }
      if plainFormat == nil { throw .unknownKind(path) }
    }
    entries.append(
      .init(
        path: path, byteCount: Int(status.st_size),
        modified: Self.nanoseconds(status.st_mtim), isFile: true,
        plainFormat: plainFormat))
  }

  /// A time as one number; it wraps around for times centuries away, which still tells them apart.
  private static func nanoseconds(_ time: timespec) -> Int {
    time.tv_sec &* 1_000_000_000 &+ time.tv_nsec
  }

  private static func head(
    of path: String, byteCount: Int
  ) throws(PreprocessError) -> [UInt8] {
    let range = 0..<min(byteCount, Wrapping.headByteCount)
    var head = [UInt8](repeating: 0, count: range.count)
    try OpenFile(path).read(range, into: &head)
    return head
  }

  private static func status(of path: String) -> stat? {
    var status = stat()
    return unsafe stat(path, &status) == 0 ? status : nil
  }

  private static func names(in folder: String) throws(PreprocessError) -> [String] {
    guard let stream = unsafe opendir(folder) else {
      throw .system(SystemError(call: "opendir", path: folder, code: errno))
    }
    defer { unsafe closedir(stream) }
    var names: [String] = []
    while let entry = unsafe readdir(stream) {
      let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) {
        unsafe $0.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
      }
      if name != "." && name != ".." { names.append(name) }
    }
    return sorted(names)
  }

  /// In the order of UTF-8 bytes, which is that of code points.
  private static func sorted(_ names: [String]) -> [String] {
    names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }
}
