/// The candidate that `word` is most likely a misspelling of, or `nil` where none is close.
package func closestName(to word: String, among candidates: [String]) -> String? {
  let typed = Array(word.lowercased().utf8)
  var best: (distance: Int, name: String)?
  for candidate in candidates {
    let distance = editDistance(typed, Array(candidate.lowercased().utf8))
    if distance < (best?.distance ?? .max) { best = (distance, candidate) }
  }
  guard let best, best.distance <= max(1, typed.count / 3) else { return nil }
  return best.name
}

/// The number of single-byte insertions, removals, changes and swaps of neighbours between two words.
package func editDistance(_ a: [UInt8], _ b: [UInt8]) -> Int {
  var beforeLast: [Int] = []
  var last = Array(0...b.count)
  for i in a.indices {
    var row = [i + 1]
    for j in b.indices {
      var cost = min(last[j] + (a[i] == b[j] ? 0 : 1), last[j + 1] + 1, row[j] + 1)
      if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] {
        cost = min(cost, beforeLast[j - 1] + 1)
      }
      row.append(cost)
    }
    beforeLast = last
    last = row
  }
  return last[b.count]
}
