import CommandLineKit

/// The frame of a figure: where the plot lies in the picture, and pieces to draw with.
///
/// Each figure is drawn twice, for wide and for narrow pages, so that its text is never scaled.
struct Plot {
  let width: Int
  let height: Int
  let isNarrow: Bool
  let left: Int
  let bottom: Int
  private let right = 14
  private let top = 38

  static let wide = Plot(width: 1000, height: 348, isNarrow: false, left: 58, bottom: 44)
  static let narrow = Plot(width: 360, height: 268, isNarrow: true, left: 44, bottom: 42)

  var plotWidth: Int { width - left - right }
  var plotHeight: Int { height - top - bottom }
  var baseline: Int { height - bottom }
  var topline: Int { top }
  var rightEdge: Int { width - right }

  func x(_ fraction: Double) -> Double { Double(left) + fraction * Double(plotWidth) }
  func y(_ fraction: Double) -> Double { Double(baseline) - fraction * Double(plotHeight) }

  /// A coordinate with a tenth of a pixel.
  static func number(_ value: Double) -> String { fixed(value, 1) }

  /// A line from place to place.
  func line(_ kind: String, _ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double) -> Markup {
    """
    <line class="\(kind)" x1="\(Self.number(x1))" y1="\(Self.number(y1))" \
    x2="\(Self.number(x2))" y2="\(Self.number(y2))"/>
    """
  }

  /// A text; `anchor` is `start`, `middle` or `end`.
  func label(
    _ text: String, _ x: Double, _ y: Double, _ anchor: String = "middle", kind: String = "tick"
  ) -> Markup {
    """
    <text class="\(kind)" x="\(Self.number(x))" y="\(Self.number(y))" text-anchor="\(anchor)">\
    \(text)</text>
    """
  }

  /// Marks of a horizontal axis of ratios, its line and its name.
  func bottomAxis(_ axis: LogAxis, _ name: String) -> Markup {
    var parts: [Markup] = []
    for tick in axis.ticks(limit: isNarrow ? 6 : 12) {
      let place = x(axis.position(Double(tick)))
      parts.append(line("mark", place, Double(baseline), place, Double(baseline) + 5))
      // At the right edge a text must not reach beyond the picture.
      let isLast = place > Double(rightEdge) - 20
      parts.append(
        label(axis.label(tick), place, Double(baseline) + 19, isLast ? "end" : "middle"))
    }
    parts.append(
      line("axis", Double(left), Double(baseline), Double(rightEdge), Double(baseline)))
    parts.append(label(name, Double(rightEdge), Double(height) - 5, "end", kind: "name"))
    return Markup(parts)
  }

  /// A line of the grid with its number at the left.
  func gridLine(_ text: String, at fraction: Double) -> Markup {
    Markup([
      line("grid", Double(left), y(fraction), Double(rightEdge), y(fraction)),
      label(text, Double(left) - 8, y(fraction) + 4, "end"),
    ])
  }

  /// The name of the vertical axis, above it.
  func leftAxisName(_ name: String) -> Markup {
    label(name, 2, 14, "start", kind: "name")
  }

  /// The whole picture, with what it shows in words.
  func picture(_ summary: String, _ content: [Markup]) -> Markup {
    """
    <svg class="\(isNarrow ? "narrow" : "wide")" viewBox="0 0 \(width) \(height)" role="img" \
    aria-label="\(summary)" xmlns="http://www.w3.org/2000/svg">
    \(Markup(content))
    </svg>
    """
  }

  /// A figure in both sizes.
  static func figure(_ summary: String, _ draw: (Plot) -> [Markup]) -> Markup {
    """
    <figure>
    \(wide.picture(summary, draw(wide)))
    \(narrow.picture(summary, draw(narrow)))
    </figure>
    """
  }
}
