/// The order in which GPT-NeoX draws samples, found through its index maps.
package struct NeoxOrder: SampleOrder {
  /// The maps.
  package let maps: SampleMaps
  private let request: OrderRequest
  private let path: String

  /// Reads samples by maps that were made for `request` from the dataset at `prefix`.
  package init(_ maps: SampleMaps, _ request: OrderRequest, prefix: String) {
    self.maps = maps
    self.request = request
    path = prefix
  }

  /// GPT-NeoX counts one sample less than its maps can give.
  package var count: Int { max(0, maps.shuffleIndices.count - 1) }

  /// Appends the pieces of a sample; one behind the last drawable one is counted from the start.
  package func appendPieces(
    of index: Int, to pieces: inout [SamplePiece]
  ) throws(IndexedDataError) {
    precondition(index >= 0, "samples are counted from 0")
    var place = index
    if place >= maps.shuffleIndices.count {
      guard count > 0 else {
        throw .unsuitable(path: path, reason: "there is no whole sample to draw")
      }
      place %= count
    }
    var row = try checked(maps.shuffleIndices[place], below: maps.shuffleIndices.count, "shuffle")
    if isUnreadable(row) {
      // GPT-NeoX fails at this sample and takes the first one instead. When that is the same one,
      // GPT-NeoX calls itself without end; here its one document is read.
      let first = try checked(maps.shuffleIndices[0], below: maps.shuffleIndices.count, "shuffle")
      if !isUnreadable(first) { row = first }
    }
    try append(row, to: &pieces)
  }

  // The last sample of documents packed until overflow has no document behind it.
  func isUnreadable(_ row: Int) -> Bool {
    request.packing == .packUntilOverflow && row + 1 >= maps.shuffleIndices.count
  }

  private func append(_ row: Int, to pieces: inout [SamplePiece]) throws(IndexedDataError) {
    let rowCount = maps.sampleIndices.count / 2
    _ = try checked(row, below: rowCount - 1, "shuffle")
    let documentCount = maps.documentIndices.count
    let first = try checked(maps.sampleIndices[2 * row], below: documentCount, "sample")
    let start = try checked(maps.sampleIndices[2 * row + 1], below: .max, "sample")
    let last = try checked(maps.sampleIndices[2 * row + 2], below: documentCount + 1, "sample")
    let end = try checked(maps.sampleIndices[2 * row + 3], below: .max, "sample")
    guard first < last else {
      guard first == last, start <= end else {
        throw damaged("sample", "\(last), \(end)", "a place behind \(first), \(start)")
      }
      pieces.append(
        SamplePiece(
          document: try document(first), offset: start, count: end - start + 1))
      return
    }
    for place in first..<last {
      pieces.append(
        SamplePiece(
          document: try document(place), offset: place == first ? start : 0, count: nil))
    }
    guard last < documentCount else { return }
    pieces.append(SamplePiece(document: try document(last), offset: 0, count: end + 1))
  }

  private func document(_ place: Int) throws(IndexedDataError) -> Int {
    try checked(maps.documentIndices[place], below: request.documents.upperBound, "doc")
  }

  private func checked(
    _ number: Int, below limit: Int, _ map: String
  ) throws(IndexedDataError) -> Int {
    guard number >= 0, number < limit else {
      throw damaged(map, "\(number)", "0 to \(limit - 1)")
    }
    return number
  }

  private func damaged(_ map: String, _ found: String, _ expected: String) -> IndexedDataError {
    .unsuitable(
      path: path,
      reason: "its \(map) index map is damaged: expected \(expected), found \(found);"
        + " neox-index build-maps with the same configuration makes it again")
  }
}
