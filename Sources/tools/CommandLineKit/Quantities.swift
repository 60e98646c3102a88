/// A number of bytes, typed as `1GiB`, `512MiB`, `64K` or `1000`.
///
/// `K`, `M`, `G`, `T` and `KiB` … `TiB` count in 1024s; `KB`, `MB`, `GB`, `TB` count in 1000s.
package struct ByteSize: ArgumentValue, Equatable {
  /// The number of bytes.
  package var bytes: Int

  package init(bytes: Int) { self.bytes = bytes }

  package init?(argument word: String) {
    guard let (number, unit) = splitQuantity(word), let factor = Self.factor(unit) else {
      return nil
    }
    let bytes = number * Double(factor)
    guard bytes < 0x1p62 else { return nil }
    self.bytes = Int(bytes)
  }

  package static let kind = "size"
  package static let form = "a number and a unit, such as 64K, 512MiB or 1GiB"

  /// The size in the largest unit that divides it.
  package var argumentText: String {
    let units = [(1 << 40, "TiB"), (1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")]
    for (factor, name) in units where bytes > 0 && bytes % factor == 0 {
      return "\(bytes / factor)\(name)"
    }
    return String(bytes)
  }

  private static func factor(_ unit: String) -> Int? {
    switch unit.lowercased() {
    case "", "b": 1
    case "k", "kib": 1 << 10
    case "m", "mib": 1 << 20
    case "g", "gib": 1 << 30
    case "t", "tib": 1 << 40
    case "kb": 1_000
    case "mb": 1_000_000
    case "gb": 1_000_000_000
    case "tb": 1_000_000_000_000
    default: nil
    }
  }
}

/// A length of time, typed as `500ms`, `30s`, `10m`, `2h` or plain seconds.
package struct TimeSpan: ArgumentValue, Equatable {
  /// The length in seconds.
  package var seconds: Double

  package init(seconds: Double) { self.seconds = seconds }

  package init?(argument word: String) {
    guard let (number, unit) = splitQuantity(word) else { return nil }
    let factor: Double? =
      switch unit {
      case "ms": 0.001
      case "", "s": 1
      case "m", "min": 60
      case "h": 3600
      case "d": 86400
      default: nil
      }
    guard let factor else { return nil }
    seconds = number * factor
  }

  package static let kind = "duration"
  package static let form = "a number and a unit, such as 500ms, 30s or 10m"

  /// The length in seconds, or in minutes or hours where that is a whole number.
  package var argumentText: String {
    guard seconds.rounded() == seconds, seconds < 0x1p53 else { return "\(fixed(seconds, 3))s" }
    let whole = Int(seconds)
    if whole > 0, whole % 3600 == 0 { return "\(whole / 3600)h" }
    if whole > 0, whole % 60 == 0 { return "\(whole / 60)m" }
    return "\(whole)s"
  }
}

/// Splits `1.5GiB` into 1.5 and `GiB`; refuses what does not begin with a plain decimal number.
private func splitQuantity(_ word: String) -> (number: Double, unit: String)? {
  let digits = word.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
  guard let number = Double(digits), number.isFinite else { return nil }
  return (number, String(word[digits.endIndex...]))
}
