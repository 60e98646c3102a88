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
      cache.short.lookups += count
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
    var view = unsafe cache.short.view
    // Keys may be read past their end as long as that is inside the text.
    let lastWhole = text.count - 16 - start
    for index in 0..<count {
      let begin = unsafe Int(bounds[index])
      let length = unsafe Int(bounds[index + 1]) - begin
      guard length <= ShortKey.limit else { continue }
      let word = unsafe text.pointer + start + begin
      let key =
        begin <= lastWhole
        ? unsafe ShortKey(readingPast: word, count: length) : unsafe ShortKey(word, count: length)
      unsafe keys[index] = key
      unsafe hashes[index] = key.hash
      unsafe view.prefetch(key.hash)
    }
    // A short word has at most 15 ids and is written four at a time.
    ids.reserve(count * (ShortKey.limit + ShortWords.idLimit))
    for index in 0..<count {
      let begin = unsafe Int(bounds[index])
      let length = unsafe Int(bounds[index + 1]) - begin
      let word = unsafe text.pointer + start + begin
      if length > ShortKey.limit {
        unsafe encodeLong(word, count: length, into: &ids, &cache)
        ids.reserve((count - index) * (ShortKey.limit + ShortWords.idLimit))
      } else if let found = unsafe view.find(keys[index], hashes[index]) {
        if found[0] >> 28 <= ShortWords.idLimit {
          ids.appendPacked(found)
        } else {
          cache.short.appendMany(found, to: &ids)
        }
      } else {
        unsafe encodeShort(word, count: length, keys[index], hashes[index], into: &ids, &cache)
        unsafe view = cache.short.view
      }
    }
  }

  /// Encodes a short word that the cache does not know.
  @unsafe @inline(never)
  private func encodeShort(
    _ word: UnsafePointer<UInt8>, count: Int, _ key: ShortKey, _ hash: UInt64,
    into ids: inout TokenBuffer, _ cache: inout WordCache
  ) {
    let idCount: Int
    if let id = unsafe wholeWords.id(of: word, count: count) {
      unsafe cache.scratch.parts[0] = id
      idCount = 1
    } else {
      unsafe idCount = model.mergeShort(word, count: count, cache.scratch)
    }
    unsafe ids.append(from: cache.scratch.parts, count: idCount)
    unsafe cache.short.insert(key, hash, ids: cache.scratch.parts, count: idCount)
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
