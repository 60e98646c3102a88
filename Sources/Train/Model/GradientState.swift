internal import Synchronization

/// Whether the memory of a gradient holds a sum.
///
/// After ``clear()`` it may hold anything, and what is written first replaces it: nothing is set to
/// zero in order to be added to, and until then other numbers may lie there.
final class GradientState: Sendable {
  private let isEmpty = Atomic(false)

  /// Says that what lies there counts for nothing.
  func clear() { isEmpty.store(true, ordering: .relaxed) }

  /// Says that a sum lies there from now on; whether one did before, so that it is to be added to.
  func begin() -> Bool { !isEmpty.exchange(false, ordering: .relaxed) }
}

/// What a model's gradients are made of.
package enum GradientKind: Sendable, Equatable {
  /// None are made.
  case none
  /// Sums of several passes: float32, or float16 for a float16 model.
  case sums
  /// Those of one pass over so many rows, in the model's type, as the reference has them before it
  /// adds them up.
  ///
  /// The head's are sums in float32 where its rows are worked on in several parts.
  case once(rows: Int)

  /// The type of a parameter's gradient.
  func type(of parameter: Int, _ layout: ModelLayout, model: ScalarType) -> ScalarType {
    switch (self, model) {
    case (_, .float16): .float16
    case (.once(let rows), .bfloat16):
      parameter == layout.head && !layout.logitRows(rows, model).isWhole ? .float32 : .bfloat16
    default: .float32
    }
  }
}

/// The memory of gradients that are written only once in a step: until a backward pass has come down to
/// them, it is free for what layers above keep from their forward passes.
struct LentGradients {
  private var next: UInt
  /// Where the gradients of each layer begin, and where those of the last end.
  private let ends: [UInt]

  /// Lends the memory of the embedding, unless it is the head's too, and of the layers; the groups are
  /// those of ``ModelLayout/gradientGroups``, one behind another.
  init?(_ groups: [[Tensor]], layers: Int) {
    let starts = groups.compactMap { $0.first?.address }
    guard starts.count == groups.count, groups.count > layers,
      let last = groups[layers].last
    else { return nil }
    ends = Array(starts[1..<layers + 1]) + [last.address + UInt(last.byteCount)]
    next = groups.count == layers + 2 ? starts[0] : ends[0]
  }

  /// Places what a layer keeps where gradients of the embedding and of layers below lie, as far as
  /// there is room; for a number behind the last layer, what is not kept until the gradients of layers.
  mutating func place<Tensors>(
    _ layer: Int, _ plan: inout TensorPlan, _ layout: (inout TensorPlan) -> Tensors
  ) -> Tensors {
    plan.lent = next..<max(next, ends[layer])
    let tensors = layout(&plan)
    next = plan.lent.lowerBound
    plan.lent = 0..<0
    return tensors
  }
}

/// How many rows have their logits made at a time.
struct LogitRows {
  /// Rows at a time.
  let count: Int
  /// Whether these are all.
  let isWhole: Bool
  /// Rows of float32 numbers that take the same memory.
  let floatCount: Int

  /// Cuts rows into parts of about equal size, whose logits in the model's type take at most 64 MiB,
  /// or 128 MiB where gradients of narrower types gain by it; but enough rows to feed the cores.
  init(vocabulary: Int, rows: Int, type: ScalarType, isTraining: Bool) {
    let isNarrow = type != .float32
    let most = max(64, ((isNarrow && isTraining ? 64 : 16) << 20) / max(vocabulary, 1) / 16 * 16)
    let parts = max(1, (rows + most - 1) / most)
    count = min(rows, ((rows + parts - 1) / parts + 15) / 16 * 16)
    isWhole = parts == 1
    floatCount = isNarrow && isTraining ? (count + 1) / 2 : count
  }
}

extension ModelLayout {
  /// How the rows of a pass that trains are cut where logits are made.
  fileprivate func logitRows(_ rows: Int, _ type: ScalarType) -> LogitRows {
    LogitRows(
      vocabulary: parameters[head].shape[0], rows: rows, type: type, isTraining: true)
  }
}
