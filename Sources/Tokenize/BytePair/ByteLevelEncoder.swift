import CTokenize

/// Splits text into words and encodes each by its byte pairs.
///
/// Most words of a text are short and have been seen before: their ids come from the ``WordCache``.
package struct ByteLevelEncoder: Sendable {
  /// The vocabulary.
  package let model: BytePairModel
  /// How text is cut into words.
  package let rule: SplitRule

  /// Words that are tokens without merging.
  private let wholeWords: WholeWords

  /// Joins a vocabulary and a rule; with `prefersWholeWords` a word that is a token is that token,
  /// whatever the merges say.
  package init(model: BytePairModel, rule: SplitRule, prefersWholeWords: Bool = false) {
    self.model = model
    self.rule = rule
    wholeWords = prefersWholeWords ? WholeWords(model) : WholeWords()
  }

  /// Appends the ids of `text`.
  package func encode(_ text: RawSpan, into ids: inout TokenBuffer, cache: inout WordCache) {
    cache.serve(model)
    unsafe text.withUnsafeBytes { bytes in
      guard let base = bytes.baseAddress else { return }
      let characters = unsafe Characters(
        base.assumingMemoryBound(to: UInt8.self), count: bytes.count)
      encode(characters, into: &ids, &cache)
    }
  }

  /// The last place where the beginning of a long text can be cut without changing ids; 0 where
  /// there is none.
  package func safeCut(_ text: RawSpan) -> Int { rule.safeCut(text) }

  private func encode(
    _ text: Characters, into ids: inout TokenBuffer, _ cache: inout WordCache
  ) {
    var start = 0
    while start < text.count {
      if rule == .gpt2 {
        cache.words.scan(text, from: start)
      } else {
        cache.words.read(text, from: start, by: rule)
      }
      let count = cache.words.wordCount
      if count == 0 {
        let end = rule.wordEnd(text, from: start)
        unsafe encodeLong(
          text.pointer + start, count: end - start, into: &ids, &cache.long, cache.scratch,
          &cache.longScratch)
        start = end
        continue
      }
      cache.short.door.lookups += count
      var first = 0
      while first < count {
        let size = min(KeyBatch.capacity, count - first)
        encodeBatch(text, start, words: first, size, into: &ids, &cache)
        first += size
      }
      start += unsafe Int(cache.words.bounds[count])
    }
  }

  /// Encodes some words of the segment scanned last.
  private func encodeBatch(
    _ text: Characters, _ start: Int, words first: Int, _ count: Int,
    into ids: inout TokenBuffer, _ cache: inout WordCache
  ) {
    let bounds = unsafe cache.words.bounds + first
    let keys = unsafe cache.batch.keys
    let hashes = unsafe cache.batch.hashes
    let missing = unsafe cache.batch.missing
    let place = unsafe text.pointer + start
    var words = unsafe cache.short.view
    unsafe ctok_hash_words(
      &words, place, text.pointer + text.count, bounds, count, keys, hashes)
    // A short word has at most 15 ids, and up to sixteen are written at a time.
    ids.reserve(count * ShortWords.limit + 16)
    var missingCount = 0
    let taken = unsafe ids.appendUnchecked { row, used in
      let taken = unsafe ctok_take_words(
        &words, keys, hashes, count, row + used, missing, &missingCount)
      used += taken
      return taken
    }
    guard missingCount > 0 else { return }
    unsafe encodeMissing(missingCount, place, bounds, &cache)
    // Up to eight are read behind the last one.
    cache.missingIDs.reserve(8)
    cache.takenIDs.truncate(to: 0)
    unsafe cache.takenIDs.append(from: ids.start + (ids.count - taken), count: taken)
    cache.takenIDs.reserve(8)
    ids.truncate(to: ids.count - taken)
    ids.reserve(taken + cache.missingIDs.count + 8)
    unsafe ids.appendUnchecked { row, used in
      unsafe ctok_join(
        cache.takenIDs.start, taken, missing, missingCount, cache.missingIDs.start, row + used)
      used += taken + cache.missingIDs.count
    }
  }

  /// Encodes the words of a batch that the cache does not know into its row of missing ids, and keeps
  /// them.
  @unsafe @inline(never)
  private func encodeMissing(
    _ count: Int, _ text: UnsafePointer<UInt8>, _ bounds: UnsafePointer<UInt16>,
    _ cache: inout WordCache
  ) {
    let missing = unsafe cache.batch.missing
    let keys = unsafe cache.batch.keys
    cache.missingIDs.truncate(to: 0)
    if wholeWords.isEmpty {
      unsafe model.merges.mergeWords(keys, missing, count: count, into: &cache.missingIDs)
    }
    var waiting: LongWord?
    for index in 0..<count where unsafe missing[index].end == 0 {
      let number = unsafe Int(missing[index].word)
      let word = unsafe text + Int(bounds[number])
      let length = unsafe Int(bounds[number + 1]) - Int(bounds[number])
      if unsafe length > ShortWords.limit && isMergedWhole(word, count: length) {
        let new = unsafe LongWord(index: index, bytes: word, count: length)
        unsafe encodeInTurns(new, &waiting, &cache)
        continue
      }
      let start = cache.missingIDs.count
      if length > ShortWords.limit {
        unsafe encodeLong(
          word, count: length, into: &cache.missingIDs, &cache.long, cache.scratch,
          &cache.longScratch)
      } else {
        unsafe encodeShort(word, count: length, into: &cache.missingIDs, cache.scratch)
      }
      unsafe missing[index].start = UInt32(truncatingIfNeeded: start)
      unsafe missing[index].end = UInt32(truncatingIfNeeded: cache.missingIDs.count)
    }
    if let last = unsafe waiting { unsafe encodeAlone(last, &cache) }
    unsafe keepMissing(count, &cache)
  }

  /// Keeps the short ones of the words that were encoded last.
  @unsafe
  private func keepMissing(_ count: Int, _ cache: inout WordCache) {
    for index in 0..<count {
      let missing = unsafe cache.batch.missing[index]
      let word = Int(missing.word)
      guard unsafe ctok_length(cache.batch.keys + word) <= CTOK_SHORT else { continue }
      unsafe cache.short.insert(
        cache.batch.keys[word], cache.batch.hashes[word],
        ids: cache.missingIDs.start + Int(missing.start), count: Int(missing.end - missing.start))
    }
  }

  /// Encodes a short word that merges may not make, or that has a byte without a token.
  @unsafe
  private func encodeShort(
    _ word: UnsafePointer<UInt8>, count: Int, into ids: inout TokenBuffer,
    _ scratch: borrowing MergeScratch
  ) {
    if let id = unsafe wholeWords.id(of: word, count: count) {
      ids.append(id)
    } else {
      unsafe model.appendShort(word, count: count, to: &ids, scratch)
    }
  }

  @unsafe @inline(never)
  private func encodeLong(
    _ word: UnsafePointer<UInt8>, count: Int, into ids: inout TokenBuffer,
    _ kept: inout LongWords, _ scratch: borrowing MergeScratch, _ longScratch: inout LongScratch
  ) {
    if let id = unsafe wholeWords.id(of: word, count: count) { return ids.append(id) }
    guard count <= LongWords.limit else {
      return unsafe model.encodeLong(word, count: count, into: &ids, scratch, &longScratch)
    }
    let hash = unsafe LongWords.hash(word, count: count)
    if unsafe kept.append(word, count: count, hash, to: &ids) { return }
    let first = ids.count
    unsafe model.encodeLong(word, count: count, into: &ids, scratch, &longScratch)
    unsafe kept.insert(
      word, count: count, hash, ids: ids.start + first, count: ids.count - first)
  }

  // MARK: - Long words in turns

  /// A long word that is merged as a whole.
  @unsafe
  private struct LongWord {
    /// Its place among the missing ones.
    let index: Int
    let bytes: UnsafePointer<UInt8>
    let count: Int
    let hash: UInt64

    init(index: Int, bytes: UnsafePointer<UInt8>, count: Int) {
      unsafe self.index = index
      unsafe self.bytes = bytes
      unsafe self.count = count
      unsafe hash = LongWords.hash(bytes, count: count)
    }

    var view: ctok_bytes { unsafe ctok_bytes(start: bytes, count: count) }
  }

  /// Whether nothing is done to a word but to merge its pairs, all at once.
  @unsafe
  private func isMergedWhole(_ word: UnsafePointer<UInt8>, count: Int) -> Bool {
    guard wholeWords.isEmpty, count <= LongScratch.wholeLimit else { return false }
    return unsafe !model.lacksByte(of: word, count: count)
  }

  /// Finds the ids of a word that is kept; merges one that is not together with the next of its kind.
  @unsafe
  private func encodeInTurns(
    _ word: LongWord, _ waiting: inout LongWord?, _ cache: inout WordCache
  ) {
    let start = cache.missingIDs.count
    if unsafe cache.long.append(
      word.bytes, count: word.count, word.hash, to: &cache.missingIDs)
    {
      unsafe note(word, start..<cache.missingIDs.count, cache)
      return
    }
    guard let first = unsafe waiting else {
      unsafe waiting = word
      return
    }
    unsafe waiting = nil
    let counts = unsafe model.merges.mergeBoth(first.view, word.view, into: &cache.missingIDs)
    let middle = start + counts.first
    let ids = middle..<middle + counts.second
    let isKept = unsafe keep(first, start..<middle, &cache)
    // The two may be one word.
    if unsafe isKept && first.hash == word.hash {
      unsafe note(word, ids, cache)
    } else {
      unsafe keep(word, ids, &cache)
    }
  }

  @unsafe
  private func encodeAlone(_ word: LongWord, _ cache: inout WordCache) {
    let start = cache.missingIDs.count
    unsafe model.merges.merge(word.bytes, count: word.count, into: &cache.missingIDs)
    unsafe keep(word, start..<cache.missingIDs.count, &cache)
  }

  /// Notes where the ids of a word are, and keeps them if it is likely to come back; returns whether it is.
  @unsafe @discardableResult
  private func keep(_ word: LongWord, _ ids: Range<Int>, _ cache: inout WordCache) -> Bool {
    unsafe note(word, ids, cache)
    return unsafe cache.long.insert(
      word.bytes, count: word.count, word.hash, ids: cache.missingIDs.start + ids.lowerBound,
      count: ids.count)
  }

  @unsafe
  private func note(_ word: LongWord, _ ids: Range<Int>, _ cache: borrowing WordCache) {
    unsafe cache.batch.missing[word.index].start = UInt32(truncatingIfNeeded: ids.lowerBound)
    unsafe cache.batch.missing[word.index].end = UInt32(truncatingIfNeeded: ids.upperBound)
  }
}
