/// A piece of a page that is HTML and XML at once.
///
/// What is put into a literal is escaped unless it is markup itself, so that no text of the data can
/// become a part of the page's structure.
struct Markup: ExpressibleByStringInterpolation, Sendable {
  private(set) var text: String

  init(stringLiteral text: String) { self.text = text }

  init(stringInterpolation: Interpolation) { text = stringInterpolation.text }

  /// Pieces one behind the other, each on lines of its own.
  init(_ parts: [Markup]) { text = parts.map(\.text).joined(separator: "\n") }

  /// Nothing.
  static let none: Markup = ""

  static func + (one: Markup, other: Markup) -> Markup {
    var sum = one
    sum.text += other.text
    return sum
  }

  /// A literal with what is put into it.
  struct Interpolation: StringInterpolationProtocol {
    fileprivate var text = ""

    init(literalCapacity: Int, interpolationCount: Int) { text.reserveCapacity(literalCapacity) }

    mutating func appendLiteral(_ literal: String) { text += literal }

    mutating func appendInterpolation(_ value: String) { text += Markup.escaped(value) }

    mutating func appendInterpolation(_ value: Int) { text += String(value) }

    mutating func appendInterpolation(_ value: Markup) { text += value.text }
  }

  /// Text without anything that markup, a reader or a terminal could take for more than a character.
  ///
  /// Characters that are invisible or turn the direction of text are shown as `\u{202E}`.
  static func escaped(_ value: String) -> String {
    var text = ""
    text.reserveCapacity(value.utf8.count)
    for scalar in value.unicodeScalars {
      switch scalar {
      case "&": text += "&amp;"
      case "<": text += "&lt;"
      case ">": text += "&gt;"
      case "\"": text += "&quot;"
      case "'": text += "&#39;"
      case "\n", "\t": text.unicodeScalars.append(scalar)
      default:
        if isHidden(scalar) {
          text += "\\u{" + String(scalar.value, radix: 16, uppercase: true) + "}"
        } else {
          text.unicodeScalars.append(scalar)
        }
      }
    }
    return text
  }

  private static func isHidden(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    // Controls, and characters that XML forbids.
    case 0..<0x20, 0x7F...0x9F, 0xFDD0...0xFDEF: true
    case _ where scalar.value & 0xFFFE == 0xFFFE: true
    // Direction, line ends that are none in HTML, and what takes no room. Joiners are part of words.
    case 0x61C, 0x200E, 0x200F, 0x2028...0x202E, 0x2060...0x206F: true
    case 0xAD, 0x180E, 0x200B, 0xFEFF, 0xFFF9...0xFFFB, 0xE0000...0xE007F: true
    default: false
    }
  }
}
