/// Memory of an engine; it is given back when the last reference ends.
package final class EngineMemory: Sendable {
  /// Where it begins, for the engine.
  package let address: UInt
  /// How many bytes it has.
  package let byteCount: Int
  private let release: @Sendable (UInt) -> Void

  /// Takes over memory that `release` gives back.
  package init(address: UInt, byteCount: Int, release: @escaping @Sendable (UInt) -> Void) {
    self.address = address
    self.byteCount = byteCount
    self.release = release
  }

  deinit { release(address) }
}

/// Places tensors one behind another in one piece of memory.
///
/// A plan is run twice: from address zero to learn how many bytes it takes, then from the address
/// of memory of that size (see ``ComputeEngine/place(_:)``).
package struct TensorPlan {
  /// Bytes placed so far.
  package private(set) var byteCount = 0
  /// Memory of something else, where tensors are placed as long as they fit.
  package var lent: Range<UInt> = 0..<0
  private let base: UInt

  /// Begins a plan at an address.
  package init(base: UInt = 0) { self.base = base }

  /// Places one tensor at a multiple of 64 bytes.
  package mutating func place(_ shape: [Int], _ type: ScalarType = .float32) -> Tensor {
    if let tensor = placeInLent(shape, type) { return tensor }
    let tensor = Tensor(address: base + UInt(byteCount), shape: shape, type: type)
    // Sizes beyond all memory add up to the largest number, which no engine finds.
    let (end, overflow) = byteCount.addingReportingOverflow(tensor.byteCount)
    byteCount = overflow || end > .max - 63 ? .max : (end + 63) / 64 * 64
    return tensor
  }

  private mutating func placeInLent(_ shape: [Int], _ type: ScalarType) -> Tensor? {
    let tensor = Tensor(address: lent.lowerBound, shape: shape, type: type)
    guard !lent.isEmpty, tensor.byteCount <= lent.count else { return nil }
    let next = lent.lowerBound + UInt(tensor.byteCount + 63) / 64 * 64
    lent = min(next, lent.upperBound)..<lent.upperBound
    return tensor
  }
}

extension ComputeEngine {
  /// Makes memory for all the tensors that `layout` places, and places them in it.
  package func place<Tensors>(
    _ layout: (inout TensorPlan) -> Tensors
  ) throws(TrainError) -> (tensors: Tensors, memory: EngineMemory) {
    var size = TensorPlan()
    _ = layout(&size)
    let memory = try makeMemory(byteCount: size.byteCount)
    var plan = TensorPlan(base: memory.address)
    return (layout(&plan), memory)
  }
}
