internal import CTrain
internal import Glibc

/// How a matrix is cut into blocks of whole rows; a vector is one row.
struct SM3Blocks {
  /// Blocks.
  let count: Int
  /// Rows of a block, but for the last.
  let rows: Int
  /// Numbers of a row.
  let columns: Int

  init(_ value: Tensor) {
    let isMatrix = value.shape.count == 2
    columns = isMatrix ? value.shape[1] : value.count
    rows = isMatrix ? max(1, CPUEngine.blockCount / max(1, columns)) : 1
    count = isMatrix ? (value.shape[0] + rows - 1) / rows : 0
  }
}

extension CPUEngine {
  package func update(_ step: SM3Step, _ pieces: [UpdatePiece]) {
    for piece in pieces {
      if piece.value.shape.count == 2 {
        updateMatrix(step, piece)
      } else if piece.value.count > 0 {
        updateVector(step, piece)
      }
      if let copy = piece.copy { convert(piece.value, into: copy) }
    }
  }

  private func updateVector(_ step: SM3Step, _ piece: UpdatePiece) {
    let count = piece.value.count
    var numbers = step.numbers
    let gradients = unsafe floats(of: piece.gradient, from: 0, count: count, 0)
    unsafe changeFloats(of: piece.value, from: 0, count: count, 0) { values in
      unsafe ctr_sm3_vector(
        values, gradients, piece.states[0].floats(),
        piece.states.count > 1 ? piece.states[1].floats() : nil, count, &numbers)
    }
  }

  // Each block has column maxima of its own: the largest of them is the same whoever found them.
  private func updateMatrix(_ step: SM3Step, _ piece: UpdatePiece) {
    let blocks = SM3Blocks(piece.value)
    let columns = blocks.columns
    guard blocks.count * columns > 0 else { return }
    let start = unsafe scratch(of: 0, count: blocks.count * columns)
    unsafe start.update(repeating: 0, count: blocks.count * columns)
    let maxima = Tensor(
      address: UInt(bitPattern: start), shape: [blocks.count, columns], type: .float32)
    forEach(blocks.count) { index, member in
      let first = index * blocks.rows
      let count = min(blocks.rows, piece.value.shape[0] - first)
      let place = first * columns
      var numbers = step.numbers
      let gradients = unsafe self.floats(
        of: piece.gradient, from: place, count: count * columns, member)
      unsafe self.changeFloats(of: piece.value, from: place, count: count * columns, member) {
        unsafe ctr_sm3_rows(
          $0, gradients, piece.states[0].floats(first), piece.states[1].floats(),
          maxima.floats(index * columns),
          piece.states.count > 2 ? piece.states[2].floats(place) : nil, count, columns, &numbers)
      }
    }
    // Without beta the new accumulators replace the old ones, which are never larger.
    let accumulators = unsafe piece.states[1].floats()
    if step.beta == 0 { unsafe accumulators.update(repeating: 0, count: columns) }
    for index in 0..<blocks.count {
      unsafe ctr_maximum(accumulators, maxima.floats(index * columns), columns)
    }
  }
}

extension SM3Step {
  fileprivate var numbers: ctr_sm3_numbers {
    ctr_sm3_numbers(
      scale: scale, rate: rate, beta: Float(beta), rest: Float(1 - beta),
      momentum: Float(momentum), epsilon: epsilon)
  }
}
