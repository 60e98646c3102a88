import CommandLineKit
import Glibc

/// An axis on which equal ratios are equally far apart.
struct LogAxis {
  /// The numbers at both ends; more than 0.
  let low: Double
  let high: Double

  /// An axis from number to number; around one number alone there is some room.
  init(_ low: Int, _ high: Int) {
    let widening = low < high ? 1 : 1.5
    self.low = Double(max(low, 1)) / widening
    self.high = Double(max(high, 1)) * widening
  }

  /// Where a number lies, from 0 to 1.
  func position(_ value: Double) -> Double { log(value / low) / log(high / low) }

  /// Round numbers along the axis, at most about `limit` of them.
  func ticks(limit: Int) -> [Int] {
    for steps in [[1, 2, 5], [1, 3], [1]] {
      let ticks = ticks(steps, every: 1)
      if ticks.count <= limit && ticks.count >= 2 { return ticks }
    }
    let powers = ticks([1], every: 1)
    guard powers.count < 2 else {
      return ticks([1], every: (powers.count + limit - 1) / max(limit, 1))
    }
    return [Int(low.rounded(.up)), Int(high.rounded(.down))]
  }

  private func ticks(_ steps: [Int], every stride: Int) -> [Int] {
    var ticks: [Int] = []
    var power = 1
    var exponent = 0
    while Double(power) <= high {
      for step in steps where exponent % stride == 0 {
        let (value, overflow) = power.multipliedReportingOverflow(by: step)
        if !overflow, Double(value) >= low, Double(value) <= high { ticks.append(value) }
      }
      let (next, overflow) = power.multipliedReportingOverflow(by: 10)
      if overflow { break }
      power = next
      exponent += 1
    }
    return ticks
  }

  /// A number of the axis: in full where its neighbours would else read alike.
  func label(_ value: Int) -> String {
    high / low < 2 ? grouped(value) : Self.label(value)
  }

  /// `2,000` as `2 k`.
  static func label(_ value: Int) -> String {
    for (unit, name) in [
      (1_000_000_000_000, "T"), (1_000_000_000, "G"), (1_000_000, "M"), (1_000, "k"),
    ]
    where value >= unit {
      let text = fixed(Double(value) / Double(unit), 1)
      return (text.hasSuffix(".0") ? String(text.dropLast(2)) : text) + "\u{A0}" + name
    }
    return "\(value)"
  }
}

/// Round numbers from 0 up to a count, and somewhat beyond, for an axis of counts.
func countTicks(upTo most: Int, limit: Int) -> [Int] {
  var step = 1
  let multiples = [2, 5, 10]
  var power = 1
  var place = 0
  while most / step >= limit {
    let (next, overflow) = power.multipliedReportingOverflow(by: multiples[place])
    guard !overflow else { break }
    step = next
    place += 1
    if place == multiples.count {
      place = 0
      power = step
    }
  }
  return Array(stride(from: 0, through: most, by: step))
}
