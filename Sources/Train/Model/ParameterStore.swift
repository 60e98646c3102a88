/// The parameters of a model in an engine's memory: masters, gradients, and what is computed with.
package final class ParameterStore: Sendable {
  /// Which parameters there are, in the reference's order.
  package let parameters: [Parameter]
  /// What the optimizer changes, in float32, one tensor a parameter.
  package let masters: [Tensor]
  /// What the model computes with: the masters themselves, or copies of its type.
  package let values: [Tensor]
  /// Sums of gradients: float32, or float16 for a float16 model; without memory where none are made.
  package let gradients: [Tensor]
  /// Whether there is memory for gradients.
  package let hasGradients: Bool
  private let engine: any ComputeEngine
  private let memories: [EngineMemory]
  private let allGradients: Tensor

  /// Makes room for parameters, and for their gradients where `training`; everything is zero.
  package init(
    _ parameters: [Parameter], type: ScalarType, training: Bool = true, engine: any ComputeEngine
  ) throws(TrainError) {
    let gradientType: ScalarType = type == .float16 ? .float16 : .float32
    func layout(_ type: ScalarType) throws(TrainError) -> ([Tensor], EngineMemory) {
      try engine.place { plan in parameters.map { plan.place($0.shape, type) } }
    }
    let (masters, masterMemory) = try layout(.float32)
    // At zero nothing can be written: a gradient that is made by mistake is noticed.
    var gradients = parameters.map { Tensor(address: 0, shape: $0.shape, type: gradientType) }
    var memories = [masterMemory]
    var allGradients = Tensor(address: 0, shape: [0], type: gradientType)
    if training {
      let (places, memory) = try layout(gradientType)
      gradients = places
      memories.append(memory)
      allGradients = Tensor(
        address: memory.address, shape: [memory.byteCount / gradientType.byteCount],
        type: gradientType)
    }
    var values = masters
    if type != .float32 {
      let (copies, memory) = try layout(type)
      values = copies
      memories.append(memory)
    }
    self.parameters = parameters
    self.masters = masters
    self.gradients = gradients
    hasGradients = training
    self.values = values
    self.engine = engine
    self.memories = memories
    self.allGradients = allGradients
  }

  /// Numbers of all parameters together.
  package var count: Int { parameters.reduce(0) { $0 + $1.count } }

  /// The index of a parameter of that name.
  package func index(of name: String) -> Int? { parameters.firstIndex { $0.name == name } }

  /// Sets all gradients to zero.
  package func clearGradients() {
    if hasGradients { engine.fill(allGradients, with: 0) }
  }

  /// Makes the copies that the model computes with from the masters, after these changed.
  package func refreshValues() {
    for (master, value) in zip(masters, values) where master.address != value.address {
      engine.convert(master, into: value)
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
