/// How much of a pipe had been read at some time, and what it was: what another process compares
/// with what it gets before it goes on.
package struct PipeMark: Equatable, Sendable {
  /// The input, counted from 0 in the expanded list.
  package var input: Int
  /// Bytes read, as they came out of the pipe: some more than what is done, as reading runs ahead.
  package var byteCount: Int
  /// Their XXH64.
  package var hash: UInt64
  /// Whether the pipe had ended there.
  package var isWhole: Bool

  /// Describes what was read.
  package init(input: Int, byteCount: Int, hash: UInt64, isWhole: Bool) {
    self.input = input
    self.byteCount = byteCount
    self.hash = hash
    self.isWhole = isWhole
  }
}
