import CommandLineKit

/// The times of one thread count.
struct EncodeResult {
  let threads: Int
  private var cold: [UInt64] = []
  private var warm: [UInt64] = []

  init(threads: Int) {
    self.threads = threads
  }

  mutating func add(_ pass: EncodePass, isCold: Bool) {
    if isCold { cold.append(pass.nanoseconds) } else { warm.append(pass.nanoseconds) }
  }

  /// A row of the table.
  func cells(bytes: Int, tokens: Int) -> [String] {
    [String(threads)]
      + [cold, warm].flatMap { times in
        let sorted = times.sorted()
        let rates = [sorted.last, sorted.first].map { rate(bytes, $0 ?? 0) }
        return [rate(bytes, median(sorted)), rates.joined(separator: "–")]
      } + [rate(tokens, median(warm.sorted()))]
  }

  /// One object, with what any pass gave.
  func json(bytes: Int, _ pass: EncodePass) -> String {
    "{\"threads\":\(threads),\"bytes\":\(bytes),\"tokens\":\(pass.tokens),\"checksum\":\(pass.checksum),"
      + "\"cold_nanoseconds\":[\(cold.map { String($0) }.joined(separator: ","))],"
      + "\"warm_nanoseconds\":[\(warm.map { String($0) }.joined(separator: ","))]}"
  }

  private func median(_ sorted: [UInt64]) -> UInt64 {
    sorted.isEmpty ? 0 : sorted[sorted.count / 2]
  }

  private func rate(_ count: Int, _ nanoseconds: UInt64) -> String {
    nanoseconds == 0 ? "" : fixed(Double(count) / Double(nanoseconds) * 1e3, 1)
  }
}
