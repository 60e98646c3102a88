/// A plain-text table: columns two spaces apart, numbers flush right.
package struct TextTable: Sendable {
  /// A column's heading and the side to which its cells are flush.
  package struct Column: Sendable {
    let title: String
    let isRight: Bool

    /// A column of words.
    package static func left(_ title: String) -> Column { Column(title: title, isRight: false) }
    /// A column of numbers.
    package static func right(_ title: String) -> Column { Column(title: title, isRight: true) }
  }

  private let columns: [Column]
  private var rows: [[String]] = []

  package init(_ columns: [Column]) { self.columns = columns }

  /// Adds a row; cells that are missing stay empty.
  package mutating func add(_ cells: [String]) { rows.append(cells) }

  /// The table as lines, each with a line feed.
  ///
  /// Headings are left out where all are empty.
  package var text: String {
    let hasTitles = columns.contains { !$0.title.isEmpty }
    let lines = (hasTitles ? [columns.map(\.title)] : []) + rows
    let widths = columns.indices.map { column in
      lines.map { column < $0.count ? displayWidth($0[column]) : 0 }.max() ?? 0
    }
    return lines.map { line($0, widths) + "\n" }.joined()
  }

  private func line(_ cells: [String], _ widths: [Int]) -> String {
    var text = ""
    for (index, column) in columns.enumerated() {
      let cell = index < cells.count ? cells[index] : ""
      let gap = String(repeating: " ", count: widths[index] - displayWidth(cell))
      text += (index == 0 ? "" : "  ") + (column.isRight ? gap + cell : cell + gap)
    }
    while text.hasSuffix(" ") { text.removeLast() }
    return text
  }
}

/// The number of columns that a text takes on a terminal: a character each.
func displayWidth(_ text: String) -> Int { text.unicodeScalars.count }
