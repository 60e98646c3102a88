/// Builds the value of a document from its events, with anchors, aliases and merge keys.
///
/// Aliases repeat nodes by sharing them; the number of nodes after all repetitions is bounded, so
/// that a few lines cannot stand for billions of values.
struct YAMLComposer {
  /// The most nodes of a document, repetitions counted.
  static let nodeLimit = 200_000
  /// The deepest nesting.
  static let depthLimit = 100

  private var events: ArraySlice<YAMLEvent>
  private var anchors: [String: (node: ConfigurationNode, size: Int)] = [:]
  private let file: String
  /// What is wrong without keeping the rest from being read.
  private var faults: [YAMLFault] = []

  /// The value of the only document of a text, as far as it can be read, and all that is wrong.
  static func document(
    _ bytes: [UInt8], file: String
  ) -> (node: ConfigurationNode?, faults: [YAMLFault]) {
    do throws(YAMLFault) {
      let events = try YAMLEvent.parse(bytes, file: file)
      var composer = YAMLComposer(events: events[...], file: file)
      do throws(YAMLFault) {
        return (try composer.document(), composer.faults)
      } catch {
        return (nil, composer.faults + [error])
      }
    } catch {
      return (nil, [error])
    }
  }

  private init(events: ArraySlice<YAMLEvent>, file: String) {
    self.events = events
    self.file = file
  }

  private mutating func document() throws(YAMLFault) -> ConfigurationNode {
    guard events.popFirst() != nil, let first = events.popFirst() else {
      throw YAMLFault(place: SourcePlace(file: file), reason: "is empty; keys were expected")
    }
    let root = try node(first, depth: 0).node
    _ = events.popFirst()
    if let second = events.first {
      throw YAMLFault(
        place: second.place, reason: "a second document begins here; one was expected")
    }
    return root
  }

  private typealias Sized = (node: ConfigurationNode, size: Int)

  private mutating func node(_ event: YAMLEvent, depth: Int) throws(YAMLFault) -> Sized {
    if case .alias(let name) = event.kind {
      guard let anchored = anchors[name] else {
        throw YAMLFault(
          place: event.place, reason: "nothing before this has the anchor that *\(name) repeats")
      }
      return anchored
    }
    if let anchor = event.anchor, anchors[anchor] != nil {
      throw YAMLFault(place: event.place, reason: "the anchor &\(anchor) is there twice")
    }
    guard depth < Self.depthLimit else {
      throw YAMLFault(
        place: event.place, reason: "values lie more than \(Self.depthLimit) deep in each other")
    }
    let result: Sized =
      switch event.kind {
      case .scalar(let text, let isPlain):
        (ConfigurationNode(scalar(text, isPlain, event), at: event.place), 1)
      case .sequenceStart: try sequence(event, depth)
      default: try mapping(event, depth)
      }
    guard result.size <= Self.nodeLimit else {
      throw YAMLFault(
        place: event.place,
        reason: "repeated by aliases, this holds more than \(Self.nodeLimit) values")
    }
    if let anchor = event.anchor { anchors[anchor] = result }
    return result
  }

  private mutating func scalar(
    _ text: String, _ isPlain: Bool, _ event: YAMLEvent
  ) -> ConfigurationValue {
    do throws(YAMLScalarFault) {
      if let tag = event.tag { return try .construct(text, tag: tag) }
      return isPlain ? try .resolve(plain: text) : .string(text)
    } catch {
      faults.append(YAMLFault(place: event.place, reason: error.reason))
      return .null
    }
  }

  private mutating func sequence(_ start: YAMLEvent, _ depth: Int) throws(YAMLFault) -> Sized {
    try requireTag("seq", start)
    var items: [ConfigurationNode] = []
    var size = 1
    while let event = events.popFirst() {
      if case .end = event.kind { break }
      let item = try node(event, depth: depth + 1)
      items.append(item.node)
      size = min(size + item.size, Self.nodeLimit + 1)
    }
    return (ConfigurationNode(.list(items), at: start.place), size)
  }

  private mutating func mapping(_ start: YAMLEvent, _ depth: Int) throws(YAMLFault) -> Sized {
    try requireTag("map", start)
    var own: [ConfigurationEntry] = []
    var merged: [ConfigurationEntry] = []
    var lines: [String: Int] = [:]
    var size = 1
    while let event = events.popFirst() {
      if case .end = event.kind { break }
      let key = try self.key(event, depth)
      guard let next = events.popFirst() else { break }
      let value = try node(next, depth: depth + 1)
      size = min(size + value.size, Self.nodeLimit + 1)
      guard let key else {
        merged += try mergedEntries(value.node)
        continue
      }
      if let line = lines.updateValue(event.place.line, forKey: key) {
        faults.append(
          YAMLFault(
            place: event.place, reason: "\(key) is there twice; it also stands in line \(line)"))
        continue
      }
      own.append(ConfigurationEntry(key, at: event.place, value.node))
    }
    // What a merge key brings is overridden by keys of the mapping itself, and by what comes first.
    var entries: [ConfigurationEntry] = []
    for entry in merged where lines[entry.key] == nil {
      lines[entry.key] = entry.place.line
      entries.append(entry)
    }
    return (ConfigurationNode(.map(entries + own), at: start.place), size)
  }

  /// A key as text; `nil` is the merge key `<<`.
  private mutating func key(_ event: YAMLEvent, _ depth: Int) throws(YAMLFault) -> String? {
    if case .scalar(let text, isPlain: true) = event.kind, event.tag == nil {
      if text == "<<" { return nil }
      if text == "=" { return text }
    }
    let value = try node(event, depth: depth + 1).node.value
    if case .string(let text) = value { return text }
    faults.append(
      YAMLFault(place: event.place, reason: "found \(value.found) as a key; keys are strings"))
    return "a key in line \(event.place.line), column \(event.place.column)"
  }

  /// The entries that a merge key brings, those that win first.
  private func mergedEntries(_ node: ConfigurationNode) throws(YAMLFault) -> [ConfigurationEntry] {
    switch node.value {
    case .map(let entries): return entries
    case .list(let items):
      var entries: [ConfigurationEntry] = []
      for item in items {
        guard case .map(let more) = item.value else { throw mergeFault(item) }
        entries += more
      }
      return entries
    default: throw mergeFault(node)
    }
  }

  private func mergeFault(_ node: ConfigurationNode) -> YAMLFault {
    YAMLFault(
      place: node.place,
      reason: "found \(node.value.found); << takes a mapping or a list of mappings")
  }

  private func requireTag(_ name: String, _ event: YAMLEvent) throws(YAMLFault) {
    guard let tag = event.tag, tag != "!", tag != ConfigurationValue.tagPrefix + name else {
      return
    }
    throw YAMLFault(
      place: event.place, reason: "a configuration has no values of the tag '\(tag)'")
  }
}
