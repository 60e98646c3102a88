/// The run-length form of `attention_config`.
enum AttentionPattern {
  /// A pattern that is none, or does not fit the number of layers.
  struct Fault: Error {
    let reason: String
    let place: SourcePlace?
    /// Whether it depends on the number of layers.
    let isAboutLength: Bool
  }

  /// The name of every layer's attention: `[[["local", "global"], 2], [["global"], 1]]` is local,
  /// global, local, global, global; the times may be `"all"` (`expand_attention_types`).
  ///
  /// `"all"` throws away what stands before it, as GPT-NeoX does.
  static func expand(
    _ items: [ConfigurationNode], layerCount: Int
  ) throws(Fault) -> [String] {
    var layers = strings(items)
    if layers == nil {
      var expanded: [String] = []
      for item in items {
        let (pattern, times) = try part(item)
        guard let times else {
          guard layerCount % pattern.count == 0 else {
            throw Fault(
              reason: "\(pattern.count) kinds do not fill num_layers, which is \(layerCount)",
              place: item.place, isAboutLength: true)
          }
          return repeated(pattern, layerCount / pattern.count)
        }
        // Both factors are bounded, so that the product is.
        let count = expanded.count + pattern.count * times
        guard count <= layerCount else { throw length(count, layerCount) }
        expanded += repeated(pattern, times)
      }
      layers = expanded
    }
    guard let layers, layers.count == layerCount else {
      throw length(layers?.count ?? 0, layerCount)
    }
    return layers
  }

  private static func length(_ count: Int, _ layerCount: Int) -> Fault {
    Fault(
      reason: "names \(count) layers; num_layers is \(layerCount)", place: nil, isAboutLength: true)
  }

  private static func repeated(_ pattern: [String], _ times: Int) -> [String] {
    Array(repeatElement(pattern, count: max(0, times)).joined())
  }

  private static func strings(_ items: [ConfigurationNode]) -> [String]? {
    var texts: [String] = []
    for item in items {
      guard case .string(let text) = item.value else { return nil }
      texts.append(text)
    }
    return texts
  }

  /// A pattern and how often it comes; `nil` times is `"all"`.
  private static func part(
    _ node: ConfigurationNode
  ) throws(Fault) -> (pattern: [String], times: Int?) {
    if case .list(let pair) = node.value, pair.count == 2, case .list(let names) = pair[0].value,
      let pattern = strings(names), !pattern.isEmpty
    {
      switch pair[1].value {
      case .integer(let times) where (0...1 << 20).contains(times): return (pattern, times)
      case .string("all"): return (pattern, nil)
      default: break
      }
    }
    throw Fault(
      reason: "found \(node.value.found), expected [[kinds …], times] with a number or \"all\"",
      place: node.place, isAboutLength: false)
  }
}
