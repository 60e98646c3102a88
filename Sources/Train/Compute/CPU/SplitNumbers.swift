internal import CTrain

/// The halves of a ``ScalarType/splitFloat32`` tensor from one of its numbers on.
struct SplitNumbers {
  private let halves: Tensor
  private let index: Int

  init(_ tensor: Tensor, from index: Int = 0) {
    halves = tensor.rounded
    self.index = index
  }

  private var rounded: UnsafeMutablePointer<UInt16> {
    unsafe halves.place(index).assumingMemoryBound(to: UInt16.self)
  }

  private var rest: UnsafeMutablePointer<Int16> {
    unsafe halves.place(halves.count + index).assumingMemoryBound(to: Int16.self)
  }

  /// Joins numbers to whole ones.
  func read(into numbers: UnsafeMutablePointer<Float>, count: Int) {
    unsafe ctr_join(rounded, rest, numbers, count)
  }

  /// Replaces numbers.
  func write(_ numbers: UnsafePointer<Float>, count: Int) {
    unsafe ctr_split(numbers, rounded, rest, count)
  }

  /// Copies the halves of other numbers.
  func copy(_ other: SplitNumbers, count: Int) {
    unsafe rounded.update(from: other.rounded, count: count)
    unsafe rest.update(from: other.rest, count: count)
  }

  /// Makes all numbers one value.
  func fill(with value: Float, count: Int) {
    guard count > 0 else { return }
    unsafe withUnsafePointer(to: value) { unsafe write($0, count: 1) }
    unsafe rounded.update(repeating: rounded.pointee, count: count)
    unsafe rest.update(repeating: rest.pointee, count: count)
  }

  /// Makes numbers as a kernel of float32 ones does, a few at a time: it is told where to write them,
  /// which these are and how many.
  func make(
    count: Int,
    _ kernel: (_ numbers: UnsafeMutablePointer<Float>, _ start: Int, _ count: Int) -> Void
  ) {
    let most = 4096
    unsafe withUnsafeTemporaryAllocation(of: Float.self, capacity: most) { buffer in
      guard let numbers = buffer.baseAddress else { return }
      for start in stride(from: 0, to: count, by: most) {
        let count = min(most, count - start)
        unsafe kernel(numbers, start, count)
        unsafe ctr_split(numbers, rounded + start, rest + start, count)
      }
    }
  }
}
