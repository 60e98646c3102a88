internal import CTrain
internal import Machine

extension CPUEngine {
  package func labelLogProbabilities(
    hidden: Tensor, weight: Tensor, labels: Tensor, workspace: Tensor,
    into logProbabilities: Tensor, gradient: HeadGradient?
  ) {
    let type = hidden.type
    let vocabulary = workspace.width
    let rowCount = hidden.rowCount
    let step = workspace.byteCount / (vocabulary * type.byteCount)
    for first in stride(from: 0, to: rowCount, by: step) {
      let range = first..<min(first + step, rowCount)
      // The reference has logits of the model's type before it computes in float32.
      let logits = Tensor(
        address: workspace.address, rows: range.count, width: vocabulary, type: type)
      let input = hidden.reshaped(rows: rowCount, width: hidden.width).rows(range)
      linear(input, weight: weight, bias: nil, into: logits)
      split(range.count) { rows, member in
        let row = first + rows.lowerBound
        let room: UnsafeMutablePointer<Float>? =
          type == .float32 || gradient == nil
          ? nil : unsafe self.scratch(of: member, count: vocabulary)
        unsafe ctr_label_log_probabilities(
          type.kernelType, logits.place(rows.lowerBound * vocabulary), rows.count, vocabulary,
          labels.integers(row), gradient?.coefficients.floats(row), room,
          logProbabilities.floats(row))
      }
      guard let gradient else { continue }
      // The logits have become their gradients.
      multiplyInDepths(
        MatrixProduct(
          rows: range.count, columns: hidden.width, depth: vocabulary, left: Matrix(logits),
          right: Matrix(weight),
          target: Matrix(gradient.hidden.reshaped(rows: rowCount, width: hidden.width).rows(range)))
      )
      multiply(
        MatrixProduct(
          rows: vocabulary, columns: hidden.width, depth: range.count,
          left: Matrix(logits, transposed: true), right: Matrix(input),
          target: Matrix(gradient.weight), accumulates: gradient.accumulates || first > 0))
    }
  }

  /// Rows whose sums over a long depth are in float32 at a time.
  static let rowsOfSums = 512

  /// A product of very many summands, by pieces of its depth that stay in the caches.
  private func multiplyInDepths(_ product: MatrixProduct) {
    let part = 3072
    guard way(of: product) == .library, product.target.type == .bfloat16, product.depth > 2 * part
    else {
      multiply(product)
      return
    }
    // Parts do not depend on the number of threads, as in multiply(_:).
    let step = min(max(product.rows / 16 / 16 * 16, 128), Self.rowsOfSums)
    forEach((product.rows + step - 1) / step) { index, member in
      let rows = product.rows(index * step..<min((index + 1) * step, product.rows))
      let sums = unsafe self.scratch(of: member, count: rows.rows * rows.columns)
      for depth in stride(from: 0, to: product.depth, by: part) {
        var piece = rows
        piece.depth = min(part, product.depth - depth)
        piece.left = rows.left.from(row: 0, column: depth)
        piece.right = rows.right.from(row: depth, column: 0)
        piece.target = Matrix(
          address: UInt(bitPattern: sums), type: .float32, stride: rows.columns)
        piece.accumulates = depth > 0
        self.multiplyAlone(piece, member: member)
      }
      unsafe ctr_convert(
        CTR_FLOAT32, sums, rows.columns, product.target.type.kernelType, rows.target.start,
        rows.target.stride, rows.rows, rows.columns)
    }
  }

  package func topLogits(hidden: Tensor, weight: Tensor, workspace: Tensor, into top: TopLogits) {
    let count = top.ids.width
    precondition(count > 0 && count <= workspace.width, "as many logits as there are")
    let step = workspace.rowCount
    for first in stride(from: 0, to: hidden.rowCount, by: step) {
      let range = first..<min(first + step, hidden.rowCount)
      let logits = workspace.rows(0..<range.count)
      linear(
        hidden.reshaped(rows: hidden.rowCount, width: hidden.width).rows(range), weight: weight,
        bias: nil, into: logits)
      split(range.count) { rows, _ in
        let row = first + rows.lowerBound
        let place = unsafe logits.floats(rows.lowerBound * logits.width)
        // Rounded as for the log-probabilities of labels.
        unsafe ctr_round(hidden.type.kernelType, place, rows.count * logits.width)
        unsafe ctr_top_logits(
          place, logits.width, rows.count, logits.width, count, top.logits.floats(row * count),
          top.ids.integers(row * count), top.logSums.floats(row))
      }
    }
  }
}
