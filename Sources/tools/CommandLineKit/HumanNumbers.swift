// Numbers as people read them.

/// `value` with `digits` places after the point, rounded to nearest.
package func fixed(_ value: Double, _ digits: Int) -> String {
  guard value.isFinite, abs(value) < 1e15, (0...6).contains(digits) else { return "\(value)" }
  var scale = 1
  for _ in 0..<digits { scale *= 10 }
  let scaled = Int((abs(value) * Double(scale)).rounded())
  let sign = value < 0 && scaled > 0 ? "-" : ""
  guard digits > 0 else { return sign + String(scaled) }
  let fraction = String(scaled % scale)
  let zeros = String(repeating: "0", count: digits - fraction.utf8.count)
  return "\(sign)\(scaled / scale).\(zeros)\(fraction)"
}

/// `1234567` as `1,234,567`.
package func grouped(_ value: Int) -> String {
  let digits = Array(String(value.magnitude))
  var text = value < 0 ? "-" : ""
  for (index, digit) in digits.enumerated() {
    if index > 0 && (digits.count - index) % 3 == 0 { text.append(",") }
    text.append(digit)
  }
  return text
}

/// A number and its noun: `1 document`, `1,234 documents`.
package func counted(_ value: Int, _ noun: String) -> String {
  "\(grouped(value)) \(noun)\(value == 1 ? "" : "s")"
}

/// A number of bytes as `512 B`, `1.5 KiB`, `20.0 GiB`.
package func humanBytes(_ bytes: Int) -> String {
  scaled(Double(bytes), step: 1024, units: [" B", " KiB", " MiB", " GiB", " TiB", " PiB"])
}

/// A count as `950`, `1.2 k`, `3.4 M`, `5.6 G`.
package func humanCount(_ count: Int) -> String {
  scaled(Double(count), step: 1000, units: ["", " k", " M", " G", " T"])
}

private func scaled(_ value: Double, step: Double, units: [String]) -> String {
  var value = value
  var unit = 0
  while abs(value) >= step, unit + 1 < units.count {
    value /= step
    unit += 1
  }
  // What rounds up to the next unit belongs to it.
  if unit > 0, unit + 1 < units.count, (abs(value) * 10).rounded() >= step * 10 {
    value /= step
    unit += 1
  }
  return fixed(value, unit == 0 ? 0 : 1) + units[unit]
}

/// A length of time as `8.4 s`, `3m05s`, `2h07m`.
package func humanSeconds(_ seconds: Double) -> String {
  guard seconds.isFinite, seconds < 1e9, seconds >= 0 else { return "?" }
  if seconds < 9.95 { return fixed(seconds, 1) + " s" }
  let whole = Int(seconds.rounded())
  func two(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
  if whole < 60 { return "\(whole) s" }
  if whole < 3600 { return "\(whole / 60)m\(two(whole % 60))s" }
  return "\(whole / 3600)h\(two(whole / 60 % 60))m"
}
