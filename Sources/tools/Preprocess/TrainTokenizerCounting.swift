import Machine
import Synchronization
import Tokenize

extension VocabularyTraining {
  /// Counts the words of all documents, each thread in a table of its own.
  func countWords(
    _ outcome: inout Outcome, _ interruption: Interruption?, _ report: (Stage) -> Void
  ) throws(TrainTokenizerError) -> WordCounts {
    var options = readingOptions
    options.interruption = interruption
    let reading = options
    let counters = CounterRow(workers) {
      WordCounter(limit: wordLimit, form: form, addsPrefixSpace: addsPrefixSpace)
    }
    let isPlain = inputs.entries.allSatisfy(\.isDivisible)
    let total = isPlain ? inputs.byteCount : nil
    var source: DocumentSource
    do { source = try DocumentSource(inputs, options: reading) } catch { throw .reading(error) }
    var ledger = LineLedger()
    var bytes = 0

    let ending = try OrderedPipeline(workers: workers, name: "words").run(
      interruption: interruption,
      makeContext: { CountingContext(reader: RecordReader(reading), counter: counters.next()) },
      next: { () throws(TrainTokenizerError) -> WorkItem? in
        do throws(PreprocessError) {
          return try source.next()
        } catch .interrupted {
          throw .interrupted
        } catch {
          throw .reading(error)
        }
      },
      work: { (context, item) throws(TrainTokenizerError) in try context.count(item) },
      commit: { (counted) throws(TrainTokenizerError) in
        for fault in counted.faults where faults == .stop {
          throw .badRecord(ledger.place(of: fault.place, in: counted.tag), reason: fault.reason)
        }
        _ = ledger.finish(counted.tag, lines: counted.counts.lines)
        outcome.records += counted.counts.read
        outcome.empty += counted.counts.empty
        outcome.skipped += counted.counts.faults
        bytes += counted.bytes
        report(.reading(bytes: bytes, of: total, documents: outcome.records))
      })
    guard ending == .finished else { throw .interrupted }
    do { return try counters.sum(limit: wordLimit) } catch { throw .tokenize(error) }
  }

  private var readingOptions: ReadingOptions {
    var options = ReadingOptions(keys: keys) { [form] in WordCounter.safeCut($0, form: form) }
    options.format = format
    options.note = note
    options.roomFor = { _ in "put spaces into it, or leave it out" }
    return options
  }
}

/// The counters of all threads.
private final class CounterRow: Sendable {
  /// One counter; only its thread uses it, so its lock is always free.
  final class Counter: Sendable {
    let words: Mutex<WordCounter>

    init(_ words: consuming sending WordCounter) {
      self.words = Mutex(words)
    }
  }

  private let counters: [Counter]
  private let given = Atomic<Int>(0)

  init(_ count: Int, make: () -> WordCounter) {
    counters = (0..<max(1, count)).map { _ in Counter(make()) }
  }

  /// A counter that no other thread has.
  ///
  /// - Precondition: It is called at most once a thread.
  func next() -> Counter {
    counters[given.wrappingAdd(1, ordering: .relaxed).oldValue % counters.count]
  }

  /// The counts of all threads together.
  func sum(limit: Int) throws(TokenizeError) -> WordCounts {
    var sum = WordCounts(limit: limit)
    for (index, counter) in counters.enumerated() {
      let counts = counter.words.withLock { $0.take() }
      if index == 0 { sum = counts } else { try sum.add(counts) }
    }
    return sum
  }
}

/// What a thread needs to count words.
private struct CountingContext: ~Copyable {
  var reader: RecordReader
  let counter: CounterRow.Counter

  mutating func count(_ item: WorkItem) throws(TrainTokenizerError) -> CountedItem {
    var counted = CountedItem(tag: item.tag, bytes: item.weight)
    var failure: TokenizeError?
    do throws(PreprocessError) {
      counted.counts = try reader.forEachDocument(in: item) { document in
        guard failure == nil else { return }
        failure = counter.words.withLock { words -> TokenizeError? in
          do throws(TokenizeError) {
            try words.count(document.text, atStart: document.part.isFirst)
            return nil
          } catch {
            return error
          }
        }
      } onFault: { fault in
        counted.faults.append(CountedItem.Fault(place: fault.place, reason: fault.reason))
      }
    } catch {
      throw .reading(error)
    }
    if let failure { throw .tokenize(failure) }
    return counted
  }
}

/// What is left of a work item when its words are counted.
private struct CountedItem: Sendable {
  struct Fault: Sendable {
    let place: RecordPlace
    let reason: String
  }

  let tag: ItemTag
  let bytes: Int
  var counts = ItemCounts()
  var faults: [Fault] = []
}
