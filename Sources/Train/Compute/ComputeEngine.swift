/// The operations of which models are made, with their gradients.
///
/// Matrices lie row by row; a linear weight has the shape [outputs, inputs]. Tensors of one call
/// have one type unless said otherwise; statistics, log-probabilities and bias tables are float32.
/// Sums are carried in float32 whatever the type, and rounded once. Gradients of parameters are
/// added to what is there, other gradients replace it, unless `accumulate` says otherwise.
/// An engine is used by one thread at a time. For one number of threads it gives the same bits each
/// time.
package protocol ComputeEngine: AnyObject, Sendable {
  /// What does the work, for messages.
  var summary: String { get }

  /// Makes memory that holds zeros.
  ///
  /// - Throws: ``TrainError/system(_:)`` where there is not so much.
  func makeMemory(byteCount: Int) throws(TrainError) -> EngineMemory

  /// Makes room for the largest operations that will be asked for, so that none needs memory later.
  ///
  /// - Throws: ``TrainError/system(_:)`` where there is not so much.
  func reserve(_ work: [WorkSize]) throws(TrainError)

  // MARK: Moving numbers

  /// Writes numbers from the host, converted to the tensor's type.
  func write(_ numbers: Span<Float>, to target: Tensor)
  /// Writes whole numbers from the host into an int32 tensor.
  func write(_ numbers: Span<Int32>, to target: Tensor)
  /// Reads numbers to the host.
  func read(_ source: Tensor, into numbers: inout MutableSpan<Float>)
  /// Reads the whole numbers of an int32 tensor to the host.
  func read(_ source: Tensor, into numbers: inout MutableSpan<Int32>)
  /// Fills a tensor with one value.
  func fill(_ target: Tensor, with value: Float)
  /// Fills a float32 tensor, in halves or not, with normal numbers around 0; number i depends on the
  /// key and i alone.
  func fillNormal(_ target: Tensor, deviation: Float, key: UInt64)
  /// Fills a float32 tensor, in halves or not, with numbers spread evenly between −bound and bound.
  func fillUniform(_ target: Tensor, bound: Float, key: UInt64)
  /// Copies numbers, converting them to the type of the target; those in halves to float32 ones, and
  /// back.
  func convert(_ source: Tensor, into target: Tensor)
  /// Copies heads out of wider rows into rows of their own, or back.
  func copyHeads(from source: HeadView, to target: HeadView, rows: Int)
  /// sum = x + y; the sum may be one of them.
  func add(_ x: Tensor, _ y: Tensor, into sum: Tensor)
  /// product = x · factor; the product may be x.
  func scale(_ x: Tensor, by factor: Float, into product: Tensor)

  // MARK: Linear

  /// output [rows, outputs] = input [rows, inputs] · weightᵀ + bias.
  func linear(_ input: Tensor, weight: Tensor, bias: Tensor?, into output: Tensor)
  /// inputGradient = outputGradient · weight.
  func linearInputGradient(
    _ outputGradient: Tensor, weight: Tensor, into inputGradient: Tensor, accumulate: Bool)
  /// Adds outputGradientᵀ · input to the weight's gradient, or replaces that unless `accumulate`, and
  /// adds the sums of columns to the bias's.
  func linearParameterGradients(
    input: Tensor, outputGradient: Tensor, weight: Tensor, bias: Tensor?, accumulate: Bool)

  // MARK: Embedding

  /// output [rows, width] = rows of a table, by the int32 tokens.
  func embed(_ tokens: Tensor, table: Tensor, into output: Tensor)
  /// Adds each row of a gradient to the row of the table's gradient that its token names.
  func embedGradient(_ tokens: Tensor, outputGradient: Tensor, table: Tensor)
  /// Adds row `first + r mod period` of a table to each row r of `target`.
  func addPositions(_ table: Tensor, first: Int, period: Int, to target: Tensor)
  /// The gradient of ``addPositions(_:first:period:to:)`` for the table.
  func addPositionsGradient(_ gradient: Tensor, first: Int, period: Int, table: Tensor)

  // MARK: Norms, activations, positions

  /// output = norm of each row; `statistics` [rows, 2] is kept for the gradient.
  func norm(_ input: Tensor, _ norm: Norm, into output: Tensor, statistics: Tensor)
  /// Gradients of a norm.
  func normGradient(
    input: Tensor, _ norm: Norm, statistics: Tensor, outputGradient: Tensor,
    inputGradient: Tensor, accumulate: Bool, gradients: NormGradients)
  /// output = activation(input); a gated input has rows of twice the width: values, then gates.
  func activate(_ input: Tensor, _ activation: Activation, into output: Tensor)
  /// The gradient of ``activate(_:_:into:)``, in the shape of the input.
  func activateGradient(
    input: Tensor, _ activation: Activation, outputGradient: Tensor, inputGradient: Tensor)
  /// Turns heads by the angles of their positions, in place; or back.
  func rotate(_ heads: HeadView, rows: Int, _ rotation: Rotation, backward: Bool)

  // MARK: Attention

  /// Causal attention: output [batch · queries, heads · width]; `logSums` [batch · heads, queries]
  /// is kept for the gradient.
  func attention(
    queries: HeadView, keys: HeadView, values: HeadView, _ attention: Attention,
    into output: Tensor, logSums: Tensor)
  /// Gradients of attention, written to views that lie as the inputs do.
  func attentionGradient(
    queries: HeadView, keys: HeadView, values: HeadView, _ attention: Attention,
    logSums: Tensor, outputGradient: Tensor, queryGradient: HeadView, keyGradient: HeadView,
    valueGradient: HeadView, biasGradient: Tensor?)
  /// table [heads, distances] = weight [buckets, heads], by the bucket of each distance, · factor.
  func bucketBias(_ weight: Tensor, buckets: [Int], factor: Float, into table: Tensor)
  /// The gradient of ``bucketBias(_:buckets:factor:into:)``: adds to the weight's gradient, from
  /// the gradient [batch, heads, distances] of the table.
  func bucketBiasGradient(_ table: Tensor, buckets: [Int], factor: Float, weight: Tensor)

  // MARK: Dropout and residuals

  /// output = dropout(input); its gradient is the same function of the gradient.
  func dropout(_ input: Tensor, _ dropout: Dropout, into output: Tensor)
  /// output = residual + dropout(input); the output may be the residual.
  func addResidual(
    _ residual: Tensor, _ input: Tensor, dropout: Dropout?, into output: Tensor)

  // MARK: Loss

  /// The log-probability of each row's label under softmax(hidden · weightᵀ).
  ///
  /// With `gradient`, also the gradients of −Σ coefficient · log-probability: the hidden state's
  /// replaces what is there, the weight's is added where the gradient says so. Logits are made for a
  /// few rows at a time, in the memory of `workspace` [rows, vocabulary], which is float32: twice as
  /// many rows at a time in types of half the size.
  func labelLogProbabilities(
    hidden: Tensor, weight: Tensor, labels: Tensor, workspace: Tensor,
    into logProbabilities: Tensor, gradient: HeadGradient?)
  /// The largest logits of hidden · weightᵀ for each row, and log Σ e^logit of all of them.
  ///
  /// The logits [rows, K] are float32 and the ids int32, best first and of equal logits the lower id
  /// first; `logSums` [rows] is float32, and a NaN where a logit of the row is. Logits are made for as
  /// many rows at a time as the float32 `workspace` has.
  func topLogits(hidden: Tensor, weight: Tensor, workspace: Tensor, into top: TopLogits)

  // MARK: Optimizing

  /// The sum of the squares of all numbers, of any floating-point type but halves, in double precision;
  /// infinite or not a number exactly where one of them is.
  ///
  /// Like the updates it gives the same bits for any number of threads.
  func sumOfSquares(_ tensors: [Tensor]) -> Double
  /// Updates values and states where each number depends on its own place only.
  func update(_ step: ElementwiseStep, _ pieces: [UpdatePiece])
  /// Updates vectors and matrices by SM3.
  func update(_ step: SM3Step, _ pieces: [UpdatePiece])

  // MARK: Files

  /// Shows the numbers of a float32 tensor, in halves or not, to `body`, in order and in any number of
  /// pieces; the way out to files.
  func forEachPiece<Failure: Error>(
    of tensor: Tensor, _ body: (Span<Float>) throws(Failure) -> Void
  ) throws(Failure)
}

extension ComputeEngine {
  /// The numbers of a tensor.
  package func numbers(of tensor: Tensor) -> [Float] {
    var numbers = [Float](repeating: 0, count: tensor.count)
    var span = numbers.mutableSpan
    read(tensor, into: &span)
    return numbers
  }
}
