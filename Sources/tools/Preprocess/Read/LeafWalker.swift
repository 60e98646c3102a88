/// Walks the streams of one input: itself, or every member of an archive, nested ones included, with
/// all compression taken off.
struct LeafWalker {
  /// A stream that holds documents.
  struct Leaf {
    let format: StreamFormat
    let stream: any ByteStream
    /// Its number in the input, counted from 0.
    let ordinal: Int

    var name: String { stream.name }
  }

  /// Layers of compression and archives inside one another at most.
  static let depthLimit = 16

  private var root: (any ByteStream)?
  private var archives: [LibarchiveReader] = []
  private let entry: InputList.Entry
  private let wanted: InputFormat
  private let note: @Sendable (String) -> Void
  private let readsAhead: Bool
  /// The content of the input, where it is read ahead already.
  private var begun: AheadStream?
  private var ordinal = 0

  /// Starts at an input; `pipe` is what it is read from when it is no file, and `begun` the content of
  /// a compressed one that is read already.
  init(
    _ entry: InputList.Entry, pipe: PipeStream?, begun: AheadStream? = nil, options: ReadingOptions
  ) throws(PreprocessError) {
    self.entry = entry
    self.begun = begun
    wanted = options.format
    note = options.note
    // What was read of a pipe must be what was used of it.
    readsAhead = options.readsAhead && entry.isFile
    if let pipe {
      root = pipe
    } else {
      root = FileStream(try OpenFile(entry.path), end: entry.byteCount)
    }
  }

  /// The next stream; what was not read of the one before is passed over.
  mutating func next() throws(PreprocessError) -> Leaf? {
    if let stream = root {
      root = nil
      let name = entry.isFile ? entry.path : ""
      if let leaf = try open(stream, name: name) { return leaf }
    }
    while let archive = archives.last {
      guard let member = try archive.nextMember() else {
        archives.removeLast()
        continue
      }
      let stream = MemberStream(archive, member: member)
      if let leaf = try open(stream, name: member) { return leaf }
    }
    return nil
  }

  /// Takes compression off a stream; `nil` when an archive comes out, which is then the last of
  /// ``archives``.
  private mutating func open(
    _ stored: any ByteStream, name: String
  ) throws(PreprocessError) -> Leaf? {
    var stream = stored
    var traits = StreamTraits(name: name, head: [], isMember: !archives.isEmpty)
    traits.isStandardInput = !entry.isFile
    traits.wanted = wanted
    for _ in archives.count..<Self.depthLimit {
      let peeked = try PeekedStream(stream)
      traits.head = peeked.head
      // A file goes back to its start and stays one: zip archives are read from their ends.
      let file = stream as? FileStream
      file?.seek(to: 0)
      let source: any ByteStream = file ?? peeked
      guard let wrapping = Wrapping(head: peeked.head) else {
        guard let format = StreamFormat(traits) else { throw .unknownKind(stream.name) }
        if format.isDoubtful(traits) {
          note(
            "\(stream.name): taken as one text, though it begins as JSON does; --input-format says "
              + "otherwise")
        }
        ordinal += 1
        return Leaf(format: format, stream: source, ordinal: ordinal - 1)
      }
      guard !wrapping.isArchive else {
        if wrapping == .zip, let file { try ZipEnd.check(file) }
        archives.append(try LibarchiveReader(wrapping, source, name: stream.name))
        return nil
      }
      if wrapping == .gzip { traits.isGzip = true }
      let isFirst = !traits.isCompressed && archives.isEmpty
      if isFirst, let content = begun.take() {
        stream = content
      } else {
        stream = try wrapping.content(of: source)
        if isFirst && readsAhead { stream = AheadStream(stream) }
      }
      traits.isCompressed = true
      traits.name = wrapping.unwrapped(traits.name)
    }
    throw .unreadable(
      name: stored.name, byte: stored.storedByte,
      reason:
        "more than \(Self.depthLimit) archives and compressions inside one another; unpack some")
  }
}

extension Wrapping {
  /// What a compressed stream holds.
  func content(of stored: any ByteStream) throws(PreprocessError) -> any ByteStream {
    switch self {
    case .gzip: try GzipStream(stored)
    case .zstd: try ZstdStream(stored)
    default: try FilterStream(self, stored)
    }
  }
}
