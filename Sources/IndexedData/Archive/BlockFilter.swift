internal import Machine

/// What is done to the numbers of a block before it is compressed.
///
/// Tokens of 2 and 4 bytes are best left alone: zstd finds the words of a language by whole tokens.
/// Planes pay for numbers that grow, such as the pointers of an index, and for fractions.
enum BlockFilter: Equatable, Sendable {
  /// Nothing.
  case none
  /// The lowest bytes of all numbers, then their second bytes and so on; bytes that are no whole number
  /// follow behind.
  case planes(Width)
  /// Each number less the one before it, modulo 2⁸ʷ, then as ``planes``; the first one less 0.
  case differences(Width)

  /// Bytes of a number.
  enum Width: Int, Sendable {
    case two = 2
    case four = 4
    case eight = 8
  }

  init?(code: UInt8, width: UInt8) {
    switch (code, Width(rawValue: Int(width))) {
    case (0, nil) where width == 0: self = .none
    case (1, let width?): self = .planes(width)
    case (2, let width?): self = .differences(width)
    default: return nil
    }
  }

  var code: UInt8 {
    switch self {
    case .none: 0
    case .planes: 1
    case .differences: 2
    }
  }

  var width: Int {
    switch self {
    case .none: 0
    case .planes(let width), .differences(let width): width.rawValue
    }
  }

  /// Appends the filtered bytes.
  func apply(_ bytes: RawSpan, to buffer: inout ByteBuffer) {
    run(bytes, to: &buffer, isInverse: false)
  }

  /// Appends what the filtered bytes were.
  func undo(_ bytes: RawSpan, to buffer: inout ByteBuffer) {
    run(bytes, to: &buffer, isInverse: true)
  }

  private func run(_ bytes: RawSpan, to buffer: inout ByteBuffer, isInverse: Bool) {
    let takesDifferences = code == 2
    unsafe buffer.append(room: bytes.byteCount) { target in
      unsafe bytes.withUnsafeBytes { source in
        switch width {
        case 2: unsafe Self.move(source, target, UInt16.self, takesDifferences, isInverse)
        case 4: unsafe Self.move(source, target, UInt32.self, takesDifferences, isInverse)
        case 8: unsafe Self.move(source, target, UInt64.self, takesDifferences, isInverse)
        default: unsafe target.copyMemory(from: source)
        }
      }
      return bytes.byteCount
    }
  }

  private static func move<Number: FixedWidthInteger & UnsignedInteger & BitwiseCopyable>(
    _ source: UnsafeRawBufferPointer, _ target: UnsafeMutableRawBufferPointer, _: Number.Type,
    _ takesDifferences: Bool, _ isInverse: Bool
  ) {
    let width = MemoryLayout<Number>.size
    let count = source.count / width
    var previous: Number = 0
    if isInverse {
      for index in 0..<count {
        var number: Number = 0
        for plane in 0..<width {
          unsafe number |= Number(source[plane * count + index]) << Number(8 * plane)
        }
        if takesDifferences {
          number &+= previous
          previous = number
        }
        unsafe target.storeBytes(
          of: number.littleEndian, toByteOffset: index * width, as: Number.self)
      }
    } else {
      for index in 0..<count {
        var number = Number(
          littleEndian: unsafe source.loadUnaligned(
            fromByteOffset: index * width, as: Number.self))
        if takesDifferences {
          (number, previous) = (number &- previous, number)
        }
        for plane in 0..<width {
          unsafe target[plane * count + index] = UInt8(
            truncatingIfNeeded: number >> Number(8 * plane))
        }
      }
    }
    for place in count * width..<source.count { unsafe target[place] = source[place] }
  }
}
