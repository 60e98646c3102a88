internal import Glibc

/// Numbers as Python's `format` writes them.
package enum FormattedNumber {
  /// `{:.nf}`: so many digits behind the point.
  package static func fixed(_ number: Double, digits: Int) -> String {
    special(number, ("nan", "inf")) ?? printed("%.*f", Int32(digits), number)
  }

  /// `{:.nE}`: one digit before the point, so many behind it, and an exponent.
  package static func scientific(_ number: Double, digits: Int) -> String {
    special(number, ("NAN", "INF")) ?? printed("%.*E", Int32(digits), number)
  }

  /// `{:wd}`: a whole number, at the right of so many columns.
  package static func padded(_ number: Int, width: Int) -> String {
    let text = String(number)
    return String(repeating: " ", count: max(0, width - text.count)) + text
  }

  /// A number below 1000 with one digit behind the point and the unit of its size, as the reference
  /// shows operations a second.
  package static func operations(_ number: Double) -> String {
    var number = number
    for unit in ["", "K", "M", "G", "T", "P", "E", "Z"] {
      if !(abs(number) >= 1000) {
        return fixed(number, digits: 1) + (unit.isEmpty ? "" : unit + "FLOPS")
      }
      number /= 1000
    }
    return fixed(number, digits: 1) + "Yi"
  }

  private static func special(_ number: Double, _ names: (nan: String, infinite: String)) -> String?
  {
    if number.isNaN { return names.nan }
    guard number.isInfinite else { return nil }
    return (number < 0 ? "-" : "") + names.infinite
  }

  private static func printed(_ format: String, _ digits: Int32, _ number: Double) -> String {
    unsafe withVaList([digits, number]) { arguments in
      // The longest number of 64 bits has 309 digits before its point.
      unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: 512) { text in
        guard let start = text.baseAddress else { return "" }
        unsafe vsnprintf(start, text.count, format, arguments)
        return unsafe String(cString: start)
      }
    }
  }
}
