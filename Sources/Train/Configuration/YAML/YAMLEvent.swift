internal import CYAML

/// One step of a YAML document, as libyaml's parser reports it.
struct YAMLEvent {
  enum Kind {
    case scalar(text: String, isPlain: Bool)
    case sequenceStart
    case mappingStart
    /// The end of a sequence or a mapping.
    case end
    case alias(String)
    case documentStart
    case documentEnd
  }

  let kind: Kind
  /// The explicit tag, or `nil`.
  let tag: String?
  /// The name under which an alias can repeat the node, or `nil`.
  let anchor: String?
  let place: SourcePlace
}

/// A text that is not YAML, or not the YAML that configurations may be.
struct YAMLFault: Error {
  let place: SourcePlace
  let reason: String
}

extension YAMLEvent {
  /// The most bytes that a configuration may have.
  static let byteLimit = 4 << 20

  /// All events of a text in UTF-8.
  static func parse(_ bytes: [UInt8], file: String) throws(YAMLFault) -> [YAMLEvent] {
    guard bytes.count <= byteLimit else {
      throw YAMLFault(
        place: SourcePlace(file: file),
        reason: "has \(bytes.count) bytes; a configuration may have \(byteLimit)")
    }
    let result: Result<[YAMLEvent], YAMLFault> = unsafe bytes.withUnsafeBufferPointer { buffer in
      do throws(YAMLFault) {
        return .success(try unsafe read(buffer, file))
      } catch {
        return .failure(error)
      }
    }
    return try result.get()
  }

  private static func read(
    _ bytes: UnsafeBufferPointer<UInt8>, _ file: String
  ) throws(YAMLFault) -> [YAMLEvent] {
    var parser = unsafe yaml_parser_t()
    guard unsafe yaml_parser_initialize(&parser) == 1 else {
      throw YAMLFault(place: SourcePlace(file: file), reason: "no memory for the YAML parser")
    }
    defer { unsafe yaml_parser_delete(&parser) }
    unsafe yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING)
    unsafe yaml_parser_set_input_string(&parser, bytes.baseAddress, bytes.count)
    var events: [YAMLEvent] = []
    while true {
      var event = unsafe yaml_event_t()
      guard unsafe yaml_parser_parse(&parser, &event) == 1 else {
        throw unsafe fault(of: parser, file)
      }
      defer { unsafe yaml_event_delete(&event) }
      if unsafe event.type == YAML_STREAM_END_EVENT { return events }
      if let event = unsafe YAMLEvent(event, file) { events.append(event) }
    }
  }

  private static func fault(of parser: yaml_parser_t, _ file: String) -> YAMLFault {
    let problem = unsafe parser.problem.map { unsafe String(cString: $0) } ?? "cannot be read"
    let context = unsafe parser.context.map { unsafe String(cString: $0) }
    // A byte that is not text is found before lines are counted.
    let isText = unsafe parser.error != YAML_READER_ERROR
    let place =
      unsafe isText
      ? SourcePlace(file, parser.problem_mark)
      : SourcePlace(file, parser.mark)
    let offset = unsafe isText ? "" : " (byte \(parser.problem_offset))"
    return YAMLFault(
      place: place, reason: (context.map { $0 + ": " } ?? "") + problem + offset)
  }

  private init?(_ event: yaml_event_t, _ file: String) {
    place = unsafe SourcePlace(file, event.start_mark)
    switch unsafe event.type {
    case YAML_SCALAR_EVENT:
      let scalar = unsafe event.data.scalar
      let bytes = unsafe UnsafeBufferPointer(start: scalar.value, count: scalar.length)
      kind = unsafe .scalar(
        text: String(decoding: bytes, as: UTF8.self),
        isPlain: scalar.style == YAML_PLAIN_SCALAR_STYLE)
      tag = unsafe Self.text(scalar.tag)
      anchor = unsafe Self.text(scalar.anchor)
    case YAML_SEQUENCE_START_EVENT:
      kind = .sequenceStart
      tag = unsafe Self.text(event.data.sequence_start.tag)
      anchor = unsafe Self.text(event.data.sequence_start.anchor)
    case YAML_MAPPING_START_EVENT:
      kind = .mappingStart
      tag = unsafe Self.text(event.data.mapping_start.tag)
      anchor = unsafe Self.text(event.data.mapping_start.anchor)
    case YAML_SEQUENCE_END_EVENT, YAML_MAPPING_END_EVENT:
      (kind, tag, anchor) = (.end, nil, nil)
    case YAML_ALIAS_EVENT:
      kind = unsafe .alias(Self.text(event.data.alias.anchor) ?? "")
      (tag, anchor) = (nil, nil)
    case YAML_DOCUMENT_START_EVENT:
      (kind, tag, anchor) = (.documentStart, nil, nil)
    case YAML_DOCUMENT_END_EVENT:
      (kind, tag, anchor) = (.documentEnd, nil, nil)
    default:
      return nil
    }
  }

  private static func text(_ pointer: UnsafeMutablePointer<yaml_char_t>?) -> String? {
    unsafe pointer.map { unsafe String(cString: $0) }
  }
}

extension SourcePlace {
  fileprivate init(_ file: String, _ mark: yaml_mark_t) {
    self.init(file: file, line: Int(mark.line) + 1, column: Int(mark.column) + 1)
  }
}
