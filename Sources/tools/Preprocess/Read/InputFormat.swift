/// How the documents lie in a stream, where the user says so instead of names and content.
package enum InputFormat: String, CaseIterable, Sendable {
  /// As names and content tell; see ``StreamFormat/init(_:)``.
  case auto
  /// Lines of JSON.
  case jsonl
  /// One JSON array of documents.
  case json
  /// One document, of which CRLF and CR become LF outside archives.
  case text
  /// A document a line, line ends included.
  case lines
}

/// How the documents lie in one stream, when all compression and archives are taken off.
enum StreamFormat: Equatable, Sendable {
  case jsonLines
  case jsonArray
  case text(translatesNewlines: Bool)
  case textLines
  /// Records of sixteen decimal digits, which are a length, and that many bytes.
  case sizedRecords
}

/// What is known of a stream when its format is chosen.
struct StreamTraits {
  /// The name without the endings of compression that was found.
  var name: String
  /// The first bytes.
  var head: [UInt8]
  /// Whether it was compressed with gzip outermost.
  var isGzip = false
  var isCompressed = false
  /// Whether it is a member of an archive.
  var isMember = false
  var isStandardInput = false
  /// What the user said.
  var wanted = InputFormat.auto
}

extension StreamFormat {
  /// Chooses the format of a stream; `nil` when neither name nor content tells.
  ///
  /// Compression and archives are recognised by content, whatever the name. Of what is inside, where
  /// upper and lower case of names are the same:
  ///
  /// | name without compression's endings | documents |
  /// | --- | --- |
  /// | `.jsonl`, `.ndjson` | JSON lines |
  /// | `.json` | the elements of an array when `[` comes first, else JSON lines |
  /// | `.dat`, compressed | records of sixteen digits and that many bytes |
  /// | another member of an archive | the whole member, as it is |
  /// | `.txt`, not gzip | the whole stream; CRLF and CR become LF |
  /// | any other, when `{"` comes first | JSON lines |
  /// | any other, when `["` or `[{` comes first | the elements of an array |
  /// | standard input, when `[` comes first | the elements of an array |
  /// | standard input, when its first line is a string or an object of JSON | JSON lines |
  /// | any other in gzip | each line, with its line end |
  /// | standard input | the whole stream; CRLF and CR become LF |
  /// | any other | an error |
  ///
  /// GPT-NeoX's reader takes the same, but that it tokenises the JSON of `.jsonl.gz` as it stands,
  /// fails on the objects of `.json.gz`, and refuses `.json`, `.ndjson`, `.tar`, `.bz2` and `.lz4`.
  init?(_ traits: StreamTraits) {
    switch traits.wanted {
    case .auto: break
    case .jsonl:
      self = .jsonLines
      return
    case .json:
      self = .jsonArray
      return
    case .text:
      self = .text(translatesNewlines: !traits.isMember)
      return
    case .lines:
      self = .textLines
      return
    }
    let name = traits.name.lowercased()
    let body = Self.withoutMark(traits.head)
    let start = body.lazy.filter { $0 > 0x20 }.prefix(2)
    let first = Array(start)
    if name.hasSuffix(".jsonl") || name.hasSuffix(".ndjson") {
      self = .jsonLines
    } else if name.hasSuffix(".json") {
      self = body.first { $0 > 0x20 } == 0x5B ? .jsonArray : .jsonLines
    } else if name.hasSuffix(".dat") && traits.isCompressed {
      self = .sizedRecords
    } else if traits.isMember {
      self = .text(translatesNewlines: false)
    } else if name.hasSuffix(".txt") && !traits.isGzip {
      self = .text(translatesNewlines: true)
    } else if first == [0x7B, 0x22] {
      self = .jsonLines
    } else if first == [0x5B, 0x22] || first == [0x5B, 0x7B] {
      self = .jsonArray
    } else if traits.isStandardInput && first.first == 0x5B {
      self = .jsonArray
    } else if traits.isStandardInput && JSONFirstLine(body).isDocument {
      self = .jsonLines
    } else if traits.isGzip {
      self = .textLines
    } else if traits.isStandardInput {
      self = .text(translatesNewlines: true)
    } else {
      return nil
    }
  }

  /// Whether this was taken for one text although it begins as JSON does.
  func isDoubtful(_ traits: StreamTraits) -> Bool {
    guard case .text = self, traits.wanted == .auto, traits.isStandardInput, !traits.isMember else {
      return false
    }
    return JSONFirstLine(Self.withoutMark(traits.head)).isLikeJSON
  }

  private static func withoutMark(_ bytes: [UInt8]) -> ArraySlice<UInt8> {
    bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? bytes.dropFirst(3) : bytes[...]
  }
}

/// What a stream is wrapped in, as its first bytes tell.
enum Wrapping: Equatable, Sendable {
  case gzip, zstd, lz4, xz, bzip2
  case zip, tar

  /// Bytes that recognition needs.
  static let headByteCount = 512

  /// Whether the content is an archive of members.
  var isArchive: Bool { self == .zip || self == .tar }

  /// Recognises a stream by its first ``headByteCount`` bytes; `nil` when it is not wrapped.
  init?(head: [UInt8]) {
    if head.starts(with: [0x1F, 0x8B]) {
      self = .gzip
    } else if head.starts(with: [0x28, 0xB5, 0x2F, 0xFD])
      || (head.count >= 4 && head[0] & 0xF0 == 0x50 && head[1...3] == [0x2A, 0x4D, 0x18])
    {
      self = .zstd
    } else if head.starts(with: [0x04, 0x22, 0x4D, 0x18])
      || head.starts(with: [0x02, 0x21, 0x4C, 0x18])
    {
      self = .lz4
    } else if head.starts(with: [0xFD, 0x37, 0x7A, 0x58, 0x5A, 0x00]) {
      self = .xz
    } else if head.starts(with: [0x42, 0x5A, 0x68]) && head.count > 9
      && (0x31...0x39).contains(head[3])
      && (head[4...9] == [0x31, 0x41, 0x59, 0x26, 0x53, 0x59]
        || head[4...9] == [0x17, 0x72, 0x45, 0x38, 0x50, 0x90])
    {
      self = .bzip2
    } else if head.starts(with: [0x50, 0x4B, 0x03, 0x04])
      || head.starts(with: [0x50, 0x4B, 0x05, 0x06])
    {
      self = .zip
    } else if Self.isTarHeader(head) {
      self = .tar
    } else {
      return nil
    }
  }

  /// A tar header carries the sum of its own bytes, its place counted as spaces.
  private static func isTarHeader(_ head: [UInt8]) -> Bool {
    guard head.count >= 512 else { return false }
    let digits = head[148..<156].filter { $0 != 0x20 && $0 != 0 }
    guard !digits.isEmpty, digits.allSatisfy({ (0x30...0x37).contains($0) }) else { return false }
    let stored = digits.reduce(0) { $0 * 8 + Int($1 - 0x30) }
    let outside =
      head[..<148].reduce(0) { $0 + Int($1) } + head[156..<512].reduce(0) { $0 + Int($1) }
    return stored == outside + 8 * 0x20
  }

  /// A file's name without the ending that this wrapping gives it.
  func unwrapped(_ name: String) -> String {
    let lowercased = name.lowercased()
    for (ending, left) in Self.endings
    where lowercased.hasSuffix(ending) && name.count > ending.count {
      return String(name.dropLast(ending.count)) + left
    }
    return name
  }

  /// Whether a name has an ending of compressed files.
  static func isNamed(_ name: String) -> Bool {
    let lowercased = name.lowercased()
    return endings.contains { lowercased.hasSuffix($0.0) }
  }

  private static let endings = [
    (".tgz", ".tar"), (".tzst", ".tar"), (".txz", ".tar"), (".tbz2", ".tar"), (".gz", ""),
    (".zst", ""), (".zstd", ""), (".lz4", ""), (".xz", ""), (".bz2", ""),
  ]

  /// Whether a folder's file counts as an input, by its name.
  static func isInputName(_ name: String) -> Bool {
    let plain = [".jsonl", ".ndjson", ".json", ".txt", ".zip", ".tar"]
    return isNamed(name) || plain.contains { name.lowercased().hasSuffix($0) }
  }
}
