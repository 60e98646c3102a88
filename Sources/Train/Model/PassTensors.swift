/// What the memory of a pass depends on, besides the model.
struct PassShape {
  var batch: Int
  var length: Int
  var isTraining: Bool
  /// Tokens that the longest branch sees, where there are branches (see ``RowPart``).
  var branchLength = 0

  var rows: Int { batch * length }
}

/// The tensors of a pass, placed in one piece of memory (see ``ModelWorkspace``).
struct PassTensors {
  let tokens: Tensor
  let labels: Tensor
  let coefficients: Tensor
  let logProbabilities: Tensor
  let output: Tensor
  let outputGradient: Tensor
  let logits: Tensor
  let values: Tensor
  let valueGradients: Tensor
  let outputStatistics: Tensor
  let gradient: Tensor
  let hidden: [Tensor]
  let activations: [BlockActivations]
  let scratch: BlockScratch

  init(
    _ settings: ModelSettings, type: ScalarType, _ shape: PassShape, lent: LentGradients? = nil,
    _ plan: inout TensorPlan
  ) {
    let rows = shape.rows
    let width = settings.hiddenSize
    let vocabulary = settings.head == .reward ? 1 : settings.vocabularySize
    let logits = LogitRows(
      vocabulary: vocabulary, rows: rows, type: type, isTraining: shape.isTraining)
    let gradientRows = shape.isTraining ? rows : 0
    let valueRows = settings.head == .reward ? rows : 0
    tokens = plan.place([rows], .int32)
    labels = plan.place([rows], .int32)
    coefficients = plan.place([rows])
    logProbabilities = plan.place([rows])
    output = plan.place([rows, width], type)
    outputGradient = plan.place([gradientRows, width], type)
    values = plan.place([valueRows, 1])
    valueGradients = plan.place([min(valueRows, gradientRows), 1], type)
    outputStatistics = plan.place([rows, 2])
    gradient = plan.place([gradientRows, width], type)
    var lent = LayerGroup.groups(settings).contains(where: \.isRecomputed) ? nil : lent
    (hidden, activations) = Self.layers(settings, type: type, shape, &lent, &plan)
    let shapeOfLogits = [logits.floatCount, vocabulary]
    self.logits =
      lent?.place(settings.layerCount, &plan) { $0.place(shapeOfLogits) }
      ?? plan.place(shapeOfLogits)
    scratch = BlockScratch(settings, type: type, shape, &plan)
  }

  private static func layers(
    _ settings: ModelSettings, type: ScalarType, _ shape: PassShape,
    _ lent: inout LentGradients?, _ plan: inout TensorPlan
  ) -> (hidden: [Tensor], activations: [BlockActivations]) {
    func block(_ plan: inout TensorPlan) -> BlockActivations {
      BlockActivations(settings, type: type, shape, &plan)
    }
    func state(_ plan: inout TensorPlan) -> Tensor {
      plan.place([shape.rows, settings.hiddenSize], type)
    }
    guard shape.isTraining else {
      let shared = block(&plan)
      let states = [state(&plan), state(&plan)]
      return (
        (0...settings.layerCount).map { states[$0 % 2] },
        (0..<settings.layerCount).map { _ in shared }
      )
    }
    var hidden: [Tensor] = []
    var activations: [BlockActivations] = []
    // What a recomputed group needs inside itself, it shares with all others.
    let groups = LayerGroup.groups(settings)
    let size = groups.filter(\.isRecomputed).map(\.layers.count).max() ?? 0
    let sharedBlocks = (0..<size).map { _ in block(&plan) }
    let sharedStates = (0..<max(size - 1, 0)).map { _ in state(&plan) }
    for group in groups {
      for (place, layer) in group.layers.enumerated() {
        let isInside = group.isRecomputed && place > 0
        func kept(_ plan: inout TensorPlan) -> (Tensor, BlockActivations) {
          (
            isInside ? sharedStates[place - 1] : state(&plan),
            group.isRecomputed ? sharedBlocks[place] : block(&plan)
          )
        }
        let (before, inside) = lent?.place(layer, &plan, kept) ?? kept(&plan)
        hidden.append(before)
        activations.append(inside)
      }
    }
    hidden.append(state(&plan))
    return (hidden, activations)
  }
}
