internal import CXXHash

/// XXH64 (seed 0) of a stream of bytes; a running hash can be saved and taken up again.
package struct ContentHash: Sendable {
  /// Bytes of a saved state.
  package static let savedByteCount = 88

  private var state = XXH64_state_t()

  /// Starts a new hash.
  package init() {
    unsafe XXH64_reset(&state, 0)
  }

  /// Takes up a saved hash; `nil` when the bytes are not one.
  package init?(saved: [UInt8]) {
    // The count of buffered bytes is a 32-bit number at offset 72; 32 or more would be no state.
    guard saved.count == Self.savedByteCount, saved[72] < 32, saved[73...75] == [0, 0, 0] else {
      return nil
    }
    unsafe withUnsafeMutableBytes(of: &state) { unsafe $0.copyBytes(from: saved) }
  }

  /// The running hash as bytes, for ``init(saved:)``.
  package var saved: [UInt8] {
    unsafe withUnsafeBytes(of: state) { unsafe Array($0) }
  }

  /// The hash of everything so far.
  package var value: UInt64 {
    unsafe withUnsafePointer(to: state) { unsafe XXH64_digest($0) }
  }

  /// Takes in more bytes.
  package mutating func update(_ bytes: RawSpan) {
    unsafe bytes.withUnsafeBytes { source in
      if let start = source.baseAddress { unsafe XXH64_update(&state, start, source.count) }
    }
  }

  /// The hash of `bytes`.
  package static func hash(_ bytes: RawSpan) -> UInt64 {
    var hash = ContentHash()
    hash.update(bytes)
    return hash.value
  }

  /// A hash as manifests show it: 16 hexadecimal digits.
  package static func text(_ value: UInt64) -> String {
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }
}
