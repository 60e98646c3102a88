internal import CTrain
internal import Machine

/// Rows whose sums a member makes at a time; fixed, so that sums do not depend on the members.
private let rowsOfBlock = 64

extension CPUEngine {
  // MARK: - Embedding

  package func embed(_ tokens: Tensor, table: Tensor, into output: Tensor) {
    let width = table.width
    split(tokens.count) { range, _ in
      for row in range {
        let token = Int(unsafe tokens.integers(row).pointee)
        unsafe ctr_convert(
          table.type.kernelType, table.place(token * width), width, output.type.kernelType,
          output.place(row * width), width, 1, width)
      }
    }
  }

  package func embedGradient(_ tokens: Tensor, outputGradient: Tensor, table: Tensor) {
    // Rows of one token are added up in float32 before they are rounded.
    let chains = unsafe TokenChains(
      tokens, room: conversions(of: 0, count: tokens.count + table.rowCount))
    let width = table.width
    split(width, multiple: 16) { range, member in
      let sums = unsafe self.scratch(of: member, count: range.count)
      for first in 0..<tokens.count where chains.begins(at: first) {
        unsafe sums.update(repeating: 0, count: range.count)
        var next: Int? = first
        while let row = next {
          unsafe ctr_column_sums(
            outputGradient.type.kernelType,
            outputGradient.place(row * width + range.lowerBound), 1, width, range.count, sums)
          next = chains.row(after: row)
        }
        unsafe ctr_accumulate(
          sums, table.type.kernelType,
          table.place(chains.token(first) * width + range.lowerBound), range.count)
      }
    }
  }

  package func addPositions(_ table: Tensor, first: Int, period: Int, to target: Tensor) {
    let width = target.width
    split(target.rowCount) { range, _ in
      for row in range {
        unsafe ctr_add(
          target.type.kernelType, target.place(row * width),
          table.place((first + row % period) * width), target.place(row * width), width)
      }
    }
  }

  package func addPositionsGradient(
    _ gradient: Tensor, first: Int, period: Int, table: Tensor
  ) {
    let width = gradient.width
    let batch = gradient.rowCount / period
    split(period) { range, member in
      let sums = unsafe self.scratch(of: member, count: width)
      for position in range {
        unsafe sums.update(repeating: 0, count: width)
        unsafe ctr_column_sums(
          gradient.type.kernelType, gradient.place(position * width), batch, period * width, width,
          sums)
        unsafe ctr_accumulate(
          sums, table.type.kernelType, table.place((first + position) * width), width)
      }
    }
  }

  // MARK: - Norms

  package func norm(_ input: Tensor, _ norm: Norm, into output: Tensor, statistics: Tensor) {
    let width = norm.rowWidth(of: input)
    let weightRows = norm.weightRows(width)
    split(input.count / width) { range, _ in
      let first = range.lowerBound
      unsafe ctr_norm(
        norm.kind.kernelKind, input.type.kernelType, input.place(first * width),
        norm.weight?.start, norm.bias?.start, first, weightRows, norm.epsilon, range.count, width,
        output.place(first * width), statistics.floats(2 * first))
    }
  }

  package func normGradient(
    input: Tensor, _ norm: Norm, statistics: Tensor, outputGradient: Tensor,
    inputGradient: Tensor, accumulate: Bool, gradients: NormGradients
  ) {
    let width = norm.rowWidth(of: input)
    let weightRows = norm.weightRows(width)
    let rows = input.count / width
    let blocks = (rows + rowsOfBlock - 1) / rowsOfBlock
    let parameters = (norm.weight ?? norm.bias)?.count ?? 0
    // Sums of each block lie behind one another in the first member's scratch, weights then biases.
    let sums = Tensor(
      address: UInt(
        bitPattern: unsafe scratch(
          of: 0, count: Self.normSums(rows: rows, parameters: parameters))),
      rows: 2 * blocks, width: parameters, type: .float32)
    forEach(blocks) { block, _ in
      let first = block * rowsOfBlock
      let weights = unsafe sums.floats(block * 2 * parameters)
      unsafe weights.update(repeating: 0, count: 2 * parameters)
      unsafe ctr_norm_backward(
        norm.kind.kernelKind, input.type.kernelType, input.place(first * width),
        norm.weight?.start, first, weightRows, norm.epsilon, statistics.floats(2 * first),
        outputGradient.place(first * width), min(rowsOfBlock, rows - first), width,
        inputGradient.place(first * width), accumulate ? 1 : 0,
        gradients.weight == nil ? nil : weights,
        gradients.bias == nil ? nil : weights + parameters)
    }
    for block in 1..<max(blocks, 1) {
      unsafe ctr_add(
        CTR_FLOAT32, sums.start, sums.place(block * 2 * parameters), sums.start, 2 * parameters)
    }
    if let weight = gradients.weight {
      unsafe ctr_accumulate(sums.floats(), weight.type.kernelType, weight.start, parameters)
    }
    if let bias = gradients.bias {
      unsafe ctr_accumulate(
        sums.floats(parameters), bias.type.kernelType, bias.start, parameters)
    }
  }

  /// Numbers of the sums that the gradient of a norm makes, two rows of them a block.
  static func normSums(rows: Int, parameters: Int) -> Int {
    (rows + rowsOfBlock - 1) / rowsOfBlock * 2 * max(parameters, 1)
  }

  // MARK: - Activations and rotation

  package func activate(_ input: Tensor, _ activation: Activation, into output: Tensor) {
    let width = output.width
    let gates = activation.isGated ? 2 : 1
    split(output.rowCount) { range, _ in
      let x = unsafe input.place(range.lowerBound * width * gates)
      let y = unsafe output.place(range.lowerBound * width)
      if activation.isGated {
        unsafe ctr_activate_gated(
          activation.function.kernelKind, output.type.kernelType, x, y, range.count, width)
      } else {
        unsafe ctr_activate(
          activation.function.kernelKind, output.type.kernelType, x, y, range.count * width)
      }
    }
  }

  package func activateGradient(
    input: Tensor, _ activation: Activation, outputGradient: Tensor, inputGradient: Tensor
  ) {
    let width = outputGradient.width
    let gates = activation.isGated ? 2 : 1
    split(outputGradient.rowCount) { range, _ in
      let x = unsafe input.place(range.lowerBound * width * gates)
      let dx = unsafe inputGradient.place(range.lowerBound * width * gates)
      let dy = unsafe outputGradient.place(range.lowerBound * width)
      let type = input.type.kernelType
      if activation.isGated {
        unsafe ctr_activate_gated_backward(
          activation.function.kernelKind, type, x, dy, dx, range.count, width)
      } else {
        unsafe ctr_activate_backward(
          activation.function.kernelKind, type, x, dy, dx, range.count * width)
      }
    }
  }

  package func rotate(_ heads: HeadView, rows: Int, _ rotation: Rotation, backward: Bool) {
    split(rows) { range, _ in
      unsafe ctr_rotate(
        heads.tensor.type.kernelType,
        heads.tensor.place(heads.offset + range.lowerBound * heads.rowStride), range.lowerBound,
        range.count, heads.rowStride, heads.headCount, heads.headStride,
        2 * rotation.cosines.width, rotation.cosines.floats(), rotation.sines.floats(),
        rotation.firstPosition, rotation.period, backward ? -1 : 1)
    }
  }
}

/// The rows of each token in order, in memory that is lent.
private struct TokenChains {
  private let tokens: Tensor
  /// Which row of its token comes after each, [tokens]; -1 after the last.
  private let following: Tensor
  /// The first row of each token, [vocabulary]; only those of tokens that there are.
  private let first: Tensor

  /// Needs room for as many numbers as there are rows and ids of the vocabulary together.
  init(_ tokens: Tensor, room: UnsafeMutablePointer<Float>) {
    self.tokens = tokens
    let address = UInt(bitPattern: room)
    following = Tensor(address: address, rows: 1, width: tokens.count, type: .int32)
    first = Tensor(
      address: address + UInt(following.byteCount), rows: 1, width: 1, type: .int32)
    for row in 0..<tokens.count { unsafe first.integers(token(row)).pointee = -1 }
    for row in (0..<tokens.count).reversed() {
      let start = unsafe first.integers(token(row))
      unsafe following.integers(row).pointee = start.pointee
      unsafe start.pointee = Int32(row)
    }
  }

  func token(_ row: Int) -> Int { Int(unsafe tokens.integers(row).pointee) }

  /// Whether no row before this one is of its token.
  func begins(at row: Int) -> Bool { unsafe first.integers(token(row)).pointee == row }

  /// The next row of the same token.
  func row(after row: Int) -> Int? {
    let next = Int(unsafe following.integers(row).pointee)
    return next < 0 ? nil : next
  }
}

extension Norm {
  /// Numbers of a row: those of a row of the weight, or of the input where there is none.
  fileprivate func rowWidth(of input: Tensor) -> Int {
    kind == .scaleNorm ? input.width : weight?.width ?? input.width
  }

  /// How many rows of the weight are used in turn.
  fileprivate func weightRows(_ width: Int) -> Int {
    kind == .scaleNorm ? 1 : max(1, (weight?.count ?? width) / width)
  }
}

extension Norm.Kind {
  fileprivate var kernelKind: ctr_norm_kind {
    switch self {
    case .layerNorm: CTR_LAYER_NORM
    case .rmsNorm: CTR_RMS_NORM
    case .scaleNorm: CTR_SCALE_NORM
    }
  }
}

extension Activation.Function {
  fileprivate var kernelKind: ctr_activation {
    switch self {
    case .identity: CTR_IDENTITY
    case .gelu: CTR_GELU
    case .geluTanh: CTR_GELU_TANH
    case .relu: CTR_RELU
    case .softsign: CTR_SOFTSIGN
    case .silu: CTR_SILU
    case .mish: CTR_MISH
    case .sigmoid: CTR_SIGMOID
    }
  }
}
