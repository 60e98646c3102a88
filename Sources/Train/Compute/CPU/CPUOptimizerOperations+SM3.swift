internal import CTrain
internal import Glibc

extension CPUOptimizerOperations {
  package func update(_ step: SM3Step, _ pieces: [UpdatePiece]) {
    for piece in pieces {
      if piece.value.shape.count == 2 {
        updateMatrix(step, piece)
      } else {
        updateVector(step, piece)
      }
    }
  }

  private func updateVector(_ step: SM3Step, _ piece: UpdatePiece) {
    let count = piece.value.count
    unsafe withFloats(piece.gradient, from: 0, count: count) { gradients in
      var numbers = step.numbers
      unsafe ctr_sm3_vector(
        floatPointer(piece.value), gradients, floatPointer(piece.states[0]),
        piece.states.count > 1 ? floatPointer(piece.states[1]) : nil, count, &numbers)
    }
  }

  // Blocks of whole rows, each with column maxima of its own: the largest of them is the same
  // whoever found them.
  private func updateMatrix(_ step: SM3Step, _ piece: UpdatePiece) {
    let rows = piece.value.shape[0]
    let columns = piece.value.shape[1]
    let rowsOfBlock = max(1, Self.blockCount / max(1, columns))
    let blockCount = (rows + rowsOfBlock - 1) / rowsOfBlock
    let maxima = CPUNumbers(count: blockCount * columns)
    withExtendedLifetime(maxima) {
      updateMatrix(step, piece, rowsOfBlock, blockCount, maxima: maxima.numbers)
    }
  }

  private func updateMatrix(
    _ step: SM3Step, _ piece: UpdatePiece, _ rowsOfBlock: Int, _ blockCount: Int,
    maxima found: Tensor
  ) {
    let rows = piece.value.shape[0]
    let columns = piece.value.shape[1]
    forEachBlock(blockCount) { index in
      let first = index * rowsOfBlock
      let count = min(rowsOfBlock, rows - first)
      let place = first * columns
      unsafe withFloats(piece.gradient, from: place, count: count * columns) { gradients in
        var numbers = step.numbers
        unsafe ctr_sm3_rows(
          floatPointer(piece.value, from: place), gradients,
          floatPointer(piece.states[0], from: first), floatPointer(piece.states[1]),
          floatPointer(found, from: index * columns),
          piece.states.count > 2 ? floatPointer(piece.states[2], from: place) : nil, count,
          columns, &numbers)
      }
    }
    // Without beta the new accumulators replace the old ones, which are never larger.
    guard let columnAccumulators = unsafe floatPointer(piece.states[1]) else { return }
    if step.beta == 0 { unsafe memset(columnAccumulators, 0, 4 * columns) }
    for index in 0..<blockCount {
      unsafe ctr_maximum(columnAccumulators, floatPointer(found, from: index * columns), columns)
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
