/// A histogram of bars, one line a bin.
package struct TextHistogram: Sendable {
  private let bins: [(label: String, count: Int)]

  package init(_ bins: [(label: String, count: Int)]) { self.bins = bins }

  /// The lines: label, count, a bar as long as its share of the fullest bin, and percentage.
  ///
  /// A bin that is not empty has a bar of at least one mark.
  package func text(width: Int = 40) -> String {
    let most = bins.map(\.count).max() ?? 0
    let total = bins.reduce(0) { $0 + $1.count }
    var table = TextTable([.right(""), .right(""), .right(""), .left("")])
    for bin in bins {
      let share = most == 0 ? 0 : Double(bin.count) / Double(most) * Double(width)
      let length = bin.count == 0 ? 0 : max(1, Int(share.rounded()))
      let percent = total == 0 ? 0 : Double(bin.count) / Double(total) * 100
      let bar = String(repeating: "#", count: length)
      table.add([bin.label, grouped(bin.count), fixed(percent, 1) + "%", bar])
    }
    return table.text
  }
}
