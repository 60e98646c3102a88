internal import Machine

/// A tensor to be written, and where its bytes come from.
package struct SafetensorsSource {
  /// Takes the next bytes of a tensor.
  package typealias Sink = (RawSpan) throws(TrainError) -> Void

  /// The tensor's name.
  package let name: String
  /// The type of its numbers.
  package let type: SafetensorsType
  /// The length of each axis.
  package let shape: [Int]
  /// Hands all bytes to a sink, in any number of pieces.
  package let produce: (Sink) throws(TrainError) -> Void

  /// Describes a tensor to be written.
  package init(
    name: String, type: SafetensorsType, shape: [Int],
    produce: @escaping (Sink) throws(TrainError) -> Void
  ) {
    self.name = name
    self.type = type
    self.shape = shape
    self.produce = produce
  }

  /// fp32 numbers from memory, rounded where `type` is narrower.
  ///
  /// - Precondition: there are as many numbers as the shape takes, and the type is F32, F16 or BF16.
  package init(name: String, shape: [Int], _ numbers: [Float], as type: SafetensorsType = .float32)
  {
    precondition(numbers.count == shape.reduce(1, *))
    self.init(name: name, type: type, shape: shape) { (sink) throws(TrainError) in
      try Self.forEachPiece(of: numbers, as: type, sink)
    }
  }

  var byteCount: Int { shape.reduce(type.byteCount, *) }

  // A MiB at a time, so that little memory is taken.
  private static func forEachPiece(
    of numbers: [Float], as type: SafetensorsType, _ sink: Sink
  ) throws(TrainError) {
    guard type != .float32 else {
      try unsafe sink(numbers.span.bytes)
      return
    }
    precondition(type == .float16 || type == .bfloat16)
    for start in stride(from: 0, to: numbers.count, by: 1 << 19) {
      let piece = numbers[start..<min(start + 1 << 19, numbers.count)]
      let bits = NarrowNumbers.bits(piece, as: type == .float16 ? .float16 : .bfloat16)
      try unsafe sink(bits.span.bytes)
    }
  }
}

/// Writes safetensors files.
package enum SafetensorsWriter {
  /// Writes a file under its own name and makes it durable; the caller sees to it that no half of
  /// it is taken for a whole one.
  ///
  /// - Returns: the file's length and hash.
  /// - Throws: ``TrainError/system(_:)``, or what a tensor's source throws.
  package static func write(
    _ path: String, metadata: [(String, String)] = [], _ tensors: [SafetensorsSource]
  ) throws(TrainError) -> FileSeal {
    var output = try SealedOutput(path: path)
    let header = header(metadata, tensors)
    try output.append(number: UInt64(header.count))
    try unsafe output.append(header.span.bytes)
    for tensor in tensors {
      let end = output.byteCount + tensor.byteCount
      try tensor.produce { (bytes) throws(TrainError) in try output.append(bytes) }
      precondition(output.byteCount == end, "\(tensor.name) has not the bytes of its shape")
    }
    return try output.finish()
  }

  private static func header(
    _ metadata: [(String, String)], _ tensors: [SafetensorsSource]
  ) -> [UInt8] {
    var members: [JSONText.Member] = []
    if !metadata.isEmpty {
      members.append(.init("__metadata__", .object(metadata.map { .init($0, .string($1)) })))
    }
    var offset = 0
    for tensor in tensors {
      let end = offset + tensor.byteCount
      members.append(
        .init(
          tensor.name,
          [
            "dtype": .string(tensor.type.rawValue),
            "shape": .array(tensor.shape.map { JSONText($0) }),
            "data_offsets": [JSONText(offset), JSONText(end)],
          ]))
      offset = end
    }
    var bytes = JSONText.object(members).bytes()
    // The numbers begin at a multiple of 8.
    while bytes.count % 8 != 0 { bytes.append(UInt8(ascii: " ")) }
    return bytes
  }
}
