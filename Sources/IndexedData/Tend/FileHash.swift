internal import Machine

extension FileBytes {
  /// XXH64 of the first `count` bytes, in bounded memory.
  func hash(
    first count: Int, interruption: Interruption? = nil,
    progress: (_ done: Int, _ total: Int) -> Void = { _, _ in }
  ) throws(IndexedDataError) -> UInt64 {
    var hash = ContentHash()
    var place = 0
    while place < count {
      try endWhereRaised(interruption)
      let step = min(1 << 20, count - place)
      try withBytes(at: place, count: step) { hash.update($0) }
      place += step
      progress(place, count)
    }
    return hash.value
  }
}
