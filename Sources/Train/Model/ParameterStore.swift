/// The parameters of a model in an engine's memory: masters, gradients, and what is computed with.
package final class ParameterStore: Sendable {
  /// Which parameters there are, in the reference's order.
  package let parameters: [Parameter]
  /// What the optimizer changes, in float32, one tensor a parameter; those of a bfloat16 model are in
  /// halves.
  package let masters: [Tensor]
  /// What the model computes with: the masters themselves, their rounded halves, or copies of its type.
  package let values: [Tensor]
  /// The gradients, of the types of ``GradientKind``; without memory where none are made.
  ///
  /// They count after a backward pass that followed ``clearGradients()``.
  package let gradients: [Tensor]
  /// Memory of gradients that a pass may use until they are written; `nil` where sums are kept there.
  let lent: LentGradients?
  /// Whether there is memory for gradients.
  package let hasGradients: Bool
  private let engine: any ComputeEngine
  private let memories: [EngineMemory]
  /// Gradients that are zero before they are added to.
  private let addedGradients: [Tensor]
  /// Of the large gradients, which are written whole, each whether it counts.
  private let states: [GradientState?]

  /// Makes room for the parameters of a model and for their gradients; everything is zero.
  init(
    _ layout: ModelLayout, type: ScalarType, gradients kind: GradientKind,
    engine: any ComputeEngine
  ) throws(TrainError) {
    let parameters = layout.parameters
    let groups = layout.gradientGroups
    let large = Set(groups.joined())
    func place(_ type: ScalarType) throws(TrainError) -> ([Tensor], EngineMemory) {
      try engine.place { plan in parameters.map { plan.place($0.shape, type) } }
    }
    let (masters, masterMemory) = try place(type == .bfloat16 ? .splitFloat32 : .float32)
    // At zero nothing can be written: a gradient that is made by mistake is noticed.
    let types = parameters.indices.map { kind.type(of: $0, layout, model: type) }
    var gradients = parameters.indices.map {
      Tensor(address: 0, shape: parameters[$0].shape, type: types[$0])
    }
    var memories = [masterMemory]
    if kind != .none {
      // Small ones first, then the large ones in their order.
      let order = parameters.indices.filter { !large.contains($0) } + groups.joined()
      let (places, memory) = try engine.place { plan in
        order.map { plan.place(parameters[$0].shape, types[$0]) }
      }
      for (index, place) in zip(order, places) { gradients[index] = place }
      memories.append(memory)
    }
    if case .once = kind {
      lent = LentGradients(groups.map { $0.map { gradients[$0] } }, layers: layout.blocks.count)
    } else {
      lent = nil
    }
    states = parameters.indices.map { large.contains($0) ? GradientState() : nil }
    addedGradients = parameters.indices.filter { !large.contains($0) }.map { gradients[$0] }
    var values = masters
    switch type {
    case .bfloat16: values = masters.map(\.rounded)
    case .float16:
      let (copies, memory) = try place(type)
      values = copies
      memories.append(memory)
    case .float32, .int32, .splitFloat32: break
    }
    self.parameters = parameters
    self.masters = masters
    self.gradients = gradients
    hasGradients = kind != .none
    self.values = values
    self.engine = engine
    self.memories = memories
  }

  /// Numbers of all parameters together.
  package var count: Int { parameters.reduce(0) { $0 + $1.count } }

  /// The index of a parameter of that name.
  package func index(of name: String) -> Int? { parameters.firstIndex { $0.name == name } }

  /// The parameters as an optimizer sees them.
  package var slices: [ParameterSlice] {
    parameters.indices.map { index in
      ParameterSlice(
        name: parameters[index].name, value: masters[index], gradient: gradients[index],
        copy: copy(of: index), decays: parameters[index].decays)
    }
  }

  /// What follows a master after it changed; `nil` where the model computes with the master's memory.
  private func copy(of index: Int) -> Tensor? {
    values[index].address == masters[index].address ? nil : values[index]
  }

  /// Sets all gradients to zero, or says that what lies there does not count.
  package func clearGradients() {
    guard hasGradients else { return }
    for state in states { state?.clear() }
    for gradient in addedGradients { engine.fill(gradient, with: 0) }
  }

  /// Whether a gradient's memory holds a sum, where it may hold something else.
  func state(of index: Int) -> GradientState? { states[index] }

  /// Sets those gradients to zero that nothing was written to.
  func finishGradients() {
    for index in gradients.indices where states[index]?.begin() == false {
      engine.fill(gradients[index], with: 0)
    }
  }

  /// Makes the copies that the model computes with from the masters, after these changed.
  package func refreshValues() {
    for (index, master) in masters.enumerated() {
      if let copy = copy(of: index) { engine.convert(master, into: copy) }
    }
  }

  /// Draws all parameters; the numbers depend on the seed and the parameter's place alone.
  package func initialize(seed: UInt64) {
    for (index, parameter) in parameters.enumerated() {
      let key = RandomKey.mix(seed, UInt64(index))
      switch parameter.distribution {
      case .constant(let value): engine.fill(masters[index], with: value)
      case .normal(let deviation):
        engine.fillNormal(masters[index], deviation: Float(deviation), key: key)
      case .uniform(let bound):
        engine.fillUniform(masters[index], bound: Float(bound), key: key)
      case .orthogonal(let gain):
        engine.fillNormal(masters[index], deviation: 1, key: key)
        var numbers = engine.numbers(of: masters[index])
        orthogonalize(
          &numbers, rows: parameter.shape[0], columns: parameter.shape[1], gain: gain)
        engine.write(numbers.span, to: masters[index])
      }
    }
    refreshValues()
  }
}

/// Keys of streams of random numbers.
package enum RandomKey {
  /// A key that depends on all bits of two numbers (the finalizer of SplitMix64).
  package static func mix(_ first: UInt64, _ second: UInt64) -> UInt64 {
    var key = first &+ 0x9E37_79B9_7F4A_7C15 &* (second &+ 1)
    key = (key ^ (key >> 30)) &* 0xBF58_476D_1CE4_E5B9
    key = (key ^ (key >> 27)) &* 0x94D0_49BB_1331_11EB
    return key ^ (key >> 31)
  }
}
