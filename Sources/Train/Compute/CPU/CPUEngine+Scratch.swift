/// Numbers of scratch that an operation needs.
struct ScratchNeed {
  /// In the memory of the first member, for all.
  var shared = 0
  /// In the memory of each member.
  var own = 0
  /// In each member's memory for conversions.
  var conversions = 0
}

extension WorkSize {
  /// What an engine needs for it beside the tensors; attention and labels need their rows as well.
  func scratch(on engine: CPUEngine) -> ScratchNeed {
    switch self {
    case .rows(let width, let type):
      ScratchNeed(own: width, conversions: engine.roomOfProducts(type))
    case .embedGradient(let tokens, let vocabulary):
      ScratchNeed(conversions: tokens + vocabulary)
    case .labels(let width, let vocabulary, let type):
      switch type {
      case .float32, .splitFloat32, .int32: ScratchNeed()
      // A row of exponentials, and in bfloat16 the sums of the hidden state's gradient after it.
      case .float16: ScratchNeed(own: vocabulary)
      case .bfloat16: ScratchNeed(own: max(vocabulary, CPUEngine.rowsOfSums * width))
      }
    case .normGradient(let rows, let parameters):
      ScratchNeed(shared: CPUEngine.normSums(rows: rows, parameters: parameters))
    case .attention(let attention, let width, let isTraining):
      ScratchNeed(own: attention.room(width, backward: isTraining))
    case .sumOfSquares(let tensors):
      ScratchNeed(
        shared: 2 * tensors.reduce(0) { $0 + CPUEngine.blocks(of: $1) },
        conversions: tensors.contains { $0.type != .float32 } ? CPUEngine.widenedCount : 0)
    case .elementwise(let pieces):
      ScratchNeed(
        conversions: pieces.map { $0.conversions(CPUEngine.widenedCount) }.max() ?? 0)
    case .sm3(let pieces):
      pieces.reduce(into: ScratchNeed()) { need, piece in
        let blocks = SM3Blocks(piece.value)
        need.shared = max(need.shared, blocks.count * blocks.columns)
        need.conversions = max(need.conversions, piece.conversions(blocks.rows * blocks.columns))
      }
    }
  }
}

extension UpdatePiece {
  /// Whether values or gradients are updated elsewhere than where they lie.
  var isConverted: Bool { value.type != .float32 || gradient.type != .float32 }

  /// Numbers of conversions for so many values and gradients.
  fileprivate func conversions(_ count: Int) -> Int {
    isConverted ? (value.type == .float32 ? count : 2 * count) : 0
  }
}
