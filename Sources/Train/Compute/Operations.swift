/// Heads within wider rows: head i of row r begins at `offset + r · rowStride + i · headStride`.
package struct HeadView: Sendable {
  /// The tensor that holds the rows.
  package var tensor: Tensor
  /// Where the first head of the first row begins, in numbers.
  package var offset: Int
  /// Numbers from a row to the next.
  package var rowStride: Int
  /// Numbers from a head to the next.
  package var headStride: Int
  /// How many heads there are.
  package var headCount: Int
  /// Numbers of a head.
  package var width: Int
  /// Rows from a sequence to the next, where there are more than are looked at.
  package var sequenceRows: Int?

  /// Names heads within the rows of a tensor.
  package init(
    _ tensor: Tensor, offset: Int = 0, rowStride: Int, headStride: Int, headCount: Int, width: Int
  ) {
    self.tensor = tensor
    self.offset = offset
    self.rowStride = rowStride
    self.headStride = headStride
    self.headCount = headCount
    self.width = width
  }

  /// Heads that fill their rows.
  package init(_ tensor: Tensor, headCount: Int, width: Int) {
    self.init(
      tensor, rowStride: headCount * width, headStride: width, headCount: headCount, width: width)
  }

  /// The same heads from another row on.
  package func from(row: Int) -> HeadView {
    var view = self
    view.offset += row * rowStride
    return view
  }

  /// The same places in another tensor.
  package func of(_ tensor: Tensor) -> HeadView {
    var view = self
    view.tensor = tensor
    return view
  }
}

/// A norm over the last axis, with its parameters.
package struct Norm: Sendable {
  /// The formula.
  package enum Kind: Sendable {
    /// (x − mean) / √(variance + ε) · weight + bias
    case layerNorm
    /// x / √(mean of squares + ε) · weight
    case rmsNorm
    /// x / max(length, ε) · g, with one number g
    case scaleNorm
  }

  /// The formula.
  package var kind: Kind
  /// What keeps the divisor from zero.
  package var epsilon: Float
  /// A factor for each column, where several rows of factors are used in turn; ones where `nil`.
  package var weight: Tensor?
  /// A summand for each column, shaped as the weight.
  package var bias: Tensor?

  /// Describes a norm.
  package init(kind: Kind, epsilon: Float, weight: Tensor?, bias: Tensor?) {
    self.kind = kind
    self.epsilon = epsilon
    self.weight = weight
    self.bias = bias
  }
}

/// Where the gradients of a norm's parameters are added.
package struct NormGradients: Sendable {
  /// For the weight.
  package var weight: Tensor?
  /// For the bias.
  package var bias: Tensor?

  /// Names the gradients of a norm's parameters.
  package init(weight: Tensor?, bias: Tensor?) {
    self.weight = weight
    self.bias = bias
  }
}

/// A function of each number, or of a value and its gate.
package struct Activation: Sendable, Equatable {
  /// The function.
  package enum Function: String, Sendable, CaseIterable {
    case identity, gelu, geluTanh, relu, softsign, silu, mish, sigmoid
  }

  /// The function.
  package var function: Function
  /// Whether it is applied to a gate that then multiplies a value.
  package var isGated: Bool

  /// Describes an activation.
  package init(_ function: Function, isGated: Bool = false) {
    self.function = function
    self.isGated = isGated
  }
}

/// Angles of rotary position embedding.
package struct Rotation: Sendable {
  /// Cosines and sines [positions, width / 2], in float32.
  package var cosines: Tensor
  /// See ``cosines``.
  package var sines: Tensor
  /// Position of the first row.
  package var firstPosition: Int
  /// Rows of a sequence: row r is at `firstPosition + r mod period`.
  package var period: Int

  /// Describes a rotation.
  package init(cosines: Tensor, sines: Tensor, firstPosition: Int, period: Int) {
    self.cosines = cosines
    self.sines = sines
    self.firstPosition = firstPosition
    self.period = period
  }
}

/// The shape and the switches of causal attention.
package struct Attention: Sendable {
  /// Sequences.
  package var batch: Int
  /// Queries of each sequence.
  package var queryCount: Int
  /// Keys of each sequence; its rows are those of the keys' and values' tensors.
  package var keyCount: Int
  /// Position of the first query; the first key is at zero.
  package var firstQuery: Int
  /// What products are multiplied by.
  package var scale: Float
  /// A query sees itself and this many keys before it.
  package var window: Int?
  /// A table [heads, distances] in float32 of numbers to add by the distance of query and key.
  package var bias: Tensor?
  /// Dropout of probabilities.
  package var dropout: Dropout?

  /// Describes attention of whole sequences.
  package init(
    batch: Int, queryCount: Int, keyCount: Int, firstQuery: Int = 0, scale: Float,
    window: Int? = nil, bias: Tensor? = nil, dropout: Dropout? = nil
  ) {
    self.batch = batch
    self.queryCount = queryCount
    self.keyCount = keyCount
    self.firstQuery = firstQuery
    self.scale = scale
    self.window = window
    self.bias = bias
    self.dropout = dropout
  }
}

/// Which numbers are dropped: a function of a key and the place of each number, and nothing else.
package struct Dropout: Sendable {
  /// The share that is dropped, at least 0 and below 1.
  package var rate: Float
  /// The stream of random numbers.
  package var key: UInt64

  /// Describes a dropout; `nil` where nothing would be dropped.
  package init?(rate: Float, key: UInt64) {
    guard rate > 0 else { return nil }
    self.rate = rate
    self.key = key
  }
}

/// What to weigh log-probabilities with, and where their gradients go.
package struct HeadGradient: Sendable {
  /// A factor for each row, in float32.
  package var coefficients: Tensor
  /// Receives the gradient of the hidden state.
  package var hidden: Tensor
  /// Is added the gradient of the weight, or replaced by it.
  package var weight: Tensor
  /// Whether the gradient of the weight is added to what is there.
  package var accumulates: Bool

  /// Names coefficients and gradients.
  package init(coefficients: Tensor, hidden: Tensor, weight: Tensor, accumulates: Bool = true) {
    self.coefficients = coefficients
    self.hidden = hidden
    self.weight = weight
    self.accumulates = accumulates
  }
}

/// Where the largest logits of rows go.
package struct TopLogits: Sendable {
  /// The logits [rows, K], float32.
  package var logits: Tensor
  /// Their ids [rows, K], int32.
  package var ids: Tensor
  /// log Σ e^logit of each row, float32.
  package var logSums: Tensor

  /// Names where they go.
  package init(logits: Tensor, ids: Tensor, logSums: Tensor) {
    self.logits = logits
    self.ids = ids
    self.logSums = logSums
  }

  /// Places room for `count` logits of each of `rows` rows.
  package init(rows: Int, count: Int, _ plan: inout TensorPlan) {
    self.init(
      logits: plan.place([rows, count]), ids: plan.place([rows, count], .int32),
      logSums: plan.place([rows]))
  }

  /// The first rows.
  package func first(_ rows: Int) -> TopLogits {
    TopLogits(
      logits: logits.rows(0..<rows), ids: ids.rows(0..<rows), logSums: logSums.rows(0..<rows))
  }
}
