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
        unsafe encodeLong(text.pointer + start, count: end - start, into: &ids, &cache)
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
    let place = unsafe text.pointer + start
    var words = unsafe cache.short.view
    unsafe ctok_hash_words(
      &words, place, text.pointer + text.count, bounds, count, keys, hashes)
    var next = 0
    while true {
      // A short word has at most 15 ids, and up to sixteen are written at a time.
      ids.reserve((count - next) * ShortWords.limit + 16)
      next = unsafe ids.appendUnchecked { row, used in
        unsafe ctok_take_words(&words, keys, hashes, next, count, row, &used)
      }
      if next == count { return }
      let begin = unsafe Int(bounds[next])
      let length = unsafe Int(bounds[next + 1]) - begin
      if length > ShortWords.limit {
        unsafe encodeLong(place + begin, count: length, into: &ids, &cache)
      } else {
        unsafe encodeShort(
          place + begin, count: length, keys[next], hashes[next], into: &ids, &cache)
        unsafe words = cache.short.view
      }
      next += 1
    }
  }

  /// Encodes a short word that the cache does not know.
  @unsafe @inline(never)
  private func encodeShort(
    _ word: UnsafePointer<UInt8>, count: Int, _ key: ctok_key, _ hash: UInt32,
    into ids: inout TokenBuffer, _ cache: inout WordCache
  ) {
    let first = ids.count
    if let id = unsafe wholeWords.id(of: word, count: count) {
      ids.append(id)
    } else {
      unsafe model.appendShort(word, count: count, to: &ids, cache.scratch)
    }
    unsafe cache.short.insert(key, hash, ids: ids.start + first, count: ids.count - first)
  }

  @unsafe @inline(never)
  private func encodeLong(
    _ word: UnsafePointer<UInt8>, count: Int, into ids: inout TokenBuffer,
    _ cache: inout WordCache
  ) {
    if let id = unsafe wholeWords.id(of: word, count: count) { return ids.append(id) }
    guard count <= LongWords.limit else {
      return unsafe model.encodeLong(
        word, count: count, into: &ids, cache.scratch, &cache.longScratch)
    }
    let hash = unsafe LongWords.hash(word, count: count)
    if unsafe cache.long.append(word, count: count, hash, to: &ids) { return }
    let first = ids.count
    unsafe model.encodeLong(word, count: count, into: &ids, cache.scratch, &cache.longScratch)
    unsafe cache.long.insert(word, count: count, hash, idsFrom: first, of: ids)
  }
}
