import Machine
import Preprocess
import Synchronization
import Tokenize

/// Documents in memory, one after another.
struct Corpus: Sendable {
  /// All texts.
  private(set) var bytes: [UInt8] = []
  /// Where each document ends.
  private(set) var ends: [Int] = []

  /// Reads documents; one that cannot be read is an error.
  init(reading paths: [String], key: String) throws {
    // Documents are kept whole, so nothing may be cut.
    let options = ReadingOptions(keys: [key]) { _ in 0 }
    var source = try DocumentSource(InputList(paths), options: options)
    var reader = RecordReader(options)
    var ledger = LineLedger()
    while let item = try source.next() {
      var fault: Fault?
      let counts = try reader.forEachDocument(in: item) { document in
        unsafe document.text.withUnsafeBytes { unsafe bytes.append(contentsOf: $0) }
        if document.part.isLast { ends.append(bytes.count) }
      } onFault: {
        if fault == nil { fault = $0 }
      }
      if let fault {
        throw BadDocument(
          place: ledger.place(of: fault.place, in: item.tag), reason: fault.reason)
      }
      _ = ledger.finish(item.tag, lines: counts.lines)
    }
  }

  /// Reads each file whole as one document, whatever its bytes.
  init(ofBytes paths: [String]) throws {
    for path in paths {
      let file = try MappedFile(path: path)
      unsafe file.bytes.withUnsafeBytes { unsafe bytes.append(contentsOf: $0) }
      ends.append(bytes.count)
    }
  }
}

/// A record of the input is no document.
struct BadDocument: Error, CustomStringConvertible {
  let place: Place
  let reason: String
  var description: String { "\(place): \(reason)" }
}

/// What one pass over the corpus took and gave.
struct EncodePass: Sendable {
  var nanoseconds: UInt64 = 0
  var tokens = 0
  /// Depends on every id and its place in its document, not on the order of documents.
  var checksum: UInt64 = 0

  /// Whether the ids are those of another pass.
  func hasResult(of other: EncodePass) -> Bool {
    tokens == other.tokens && checksum == other.checksum
  }
}

/// A corpus that some threads encode again and again, each with a cache of its own.
final class Encoding: Sendable {
  private struct Room: ~Copyable {
    var cache: WordCache?
    /// All ids of a pass, for a caller would keep them.
    var ids = TokenBuffer()
    /// How many of them there are behind each document.
    var ends: [Int] = []
  }

  /// One thread's room; its lock is always free.
  private final class Desk: Sendable {
    let room = Mutex(Room())
  }

  private let tokenizer: any Tokenizer
  private let corpus: Corpus
  private let cacheBytes: Int
  private let desks: [Desk]
  /// Documents that a thread takes at a time: the first of each batch, and the end.
  private let batches: [Int]

  init(_ tokenizer: any Tokenizer, _ corpus: Corpus, threads: Int, cacheBytes: Int) {
    self.tokenizer = tokenizer
    self.corpus = corpus
    self.cacheBytes = cacheBytes
    desks = (0..<threads).map { _ in Desk() }
    var batches = [0]
    var start = 0
    for (document, end) in corpus.ends.enumerated() where end - start >= 256 << 10 {
      batches.append(document + 1)
      start = end
    }
    if batches[batches.count - 1] < corpus.ends.count { batches.append(corpus.ends.count) }
    self.batches = batches
  }

  /// Encodes everything once.
  func pass() throws(TokenizeError) -> EncodePass {
    let next = Atomic<Int>(0)
    let watch = Stopwatch()
    try WorkerPool.forEach(
      count: desks.count, workers: desks.count
    ) { (desk) throws(TokenizeError) in
      desks[desk].room.withLock {
        $0.ids.truncate(to: 0)
        $0.ends.removeAll(keepingCapacity: true)
      }
      while true {
        let batch = next.wrappingAdd(1, ordering: .relaxed).oldValue
        guard batch + 1 < batches.count else { break }
        let documents = batches[batch]..<batches[batch + 1]
        try desks[desk].room.withLock { (room) throws(TokenizeError) in
          try encode(documents, in: &room)
        }
      }
    }
    var pass = EncodePass(nanoseconds: watch.nanoseconds)
    for desk in desks { desk.room.withLock { Self.add($0, to: &pass) } }
    return pass
  }

  private static func add(_ room: borrowing Room, to pass: inout EncodePass) {
    let ids = room.ids.ids
    var first = 0
    for end in room.ends {
      for index in first..<end {
        pass.checksum &+= UInt64(ids[index]) &* UInt64(index - first + 1)
      }
      first = end
    }
    pass.tokens += ids.count
  }

  private func encode(
    _ documents: Range<Int>, in room: inout Room
  ) throws(TokenizeError) {
    var cache = room.cache.take() ?? tokenizer.makeCache(byteBudget: cacheBytes)
    let bytes = corpus.bytes
    let texts = unsafe bytes.span.bytes
    for document in documents {
      let start = document == 0 ? 0 : corpus.ends[document - 1]
      let text = texts.extracting(start..<corpus.ends[document])
      try tokenizer.encode(text, atStart: true, into: &room.ids, cache: &cache)
      room.ends.append(room.ids.count)
    }
    room.cache = consume cache
  }
}
