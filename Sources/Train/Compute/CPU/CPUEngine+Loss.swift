internal import CTrain
internal import Machine

extension CPUEngine {
  package func labelLogProbabilities(
    hidden: Tensor, weight: Tensor, labels: Tensor, workspace: Tensor,
    into logProbabilities: Tensor, gradient: HeadGradient?
  ) {
    let step = workspace.shape[0]
    for first in stride(from: 0, to: hidden.rowCount, by: step) {
      let range = first..<min(first + step, hidden.rowCount)
      let logits = workspace.rows(0..<range.count)
      let input = hidden.reshaped([hidden.rowCount, hidden.width]).rows(range)
      linear(input, weight: weight, bias: nil, into: logits)
      let type = hidden.type
      split(range.count) { rows, _ in
        let row = first + rows.lowerBound
        let place = unsafe logits.floats(rows.lowerBound * logits.width)
        // The reference has logits of the model's type before it computes in float32.
        unsafe ctr_round(type.kernelType, place, rows.count * logits.width)
        unsafe ctr_label_log_probabilities(
          place, logits.width, rows.count, logits.width, labels.integers(row),
          gradient?.coefficients.floats(row), type.kernelType, logProbabilities.floats(row))
      }
      guard let gradient else { continue }
      // Gradients of logits lie at the start of the rows in the model's type.
      let slopes = Matrix(
        address: logits.address, type: type, stride: logits.width * 4 / type.byteCount)
      var transposed = slopes
      transposed.isTransposed = true
      multiply(
        MatrixProduct(
          rows: range.count, columns: hidden.width, depth: logits.width, left: slopes,
          right: Matrix(weight),
          target: Matrix(gradient.hidden.reshaped([hidden.rowCount, hidden.width]).rows(range))))
      multiply(
        MatrixProduct(
          rows: logits.width, columns: hidden.width, depth: range.count, left: transposed,
          right: Matrix(input), target: Matrix(gradient.weight), accumulates: true))
    }
  }

  package func topLogits(hidden: Tensor, weight: Tensor, workspace: Tensor, into top: TopLogits) {
    let count = top.ids.width
    precondition(count > 0 && count <= workspace.width, "as many logits as there are")
    let step = workspace.shape[0]
    for first in stride(from: 0, to: hidden.rowCount, by: step) {
      let range = first..<min(first + step, hidden.rowCount)
      let logits = workspace.rows(0..<range.count)
      linear(
        hidden.reshaped([hidden.rowCount, hidden.width]).rows(range), weight: weight, bias: nil,
        into: logits)
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
