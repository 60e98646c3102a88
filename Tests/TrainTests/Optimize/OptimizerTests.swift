import TestSupport
import Testing

@testable import Train

@Suite("Optimizers")
struct OptimizerTests {
  /// Adam in double precision, one number at a time.
  static func adam(
    _ values: [Double], steps: [[Double]], rate: Double, decay: Double, first: Double,
    second: Double, epsilon: Double, corrects: Bool, frozenAfter: Int = .max
  ) -> [Double] {
    var values = values
    var m = values.map { _ in 0.0 }
    var v = m
    for (index, gradients) in steps.enumerated() {
      let t = Double(index + 1)
      for place in values.indices {
        let g = gradients[place]
        m[place] = first * m[place] + (1 - first) * g
        if index < frozenAfter { v[place] = second * v[place] + (1 - second) * g * g }
        let mean = corrects ? m[place] / (1 - power(first, t)) : m[place]
        let square = corrects ? v[place] / (1 - power(second, t)) : v[place]
        values[place] -=
          rate * (mean / (square.squareRoot() + epsilon) + decay * values[place])
      }
    }
    return values
  }

  static func power(_ base: Double, _ exponent: Double) -> Double {
    (0..<Int(exponent)).reduce(1) { product, _ in product * base }
  }

  @Test(
    "many numbers against double precision",
    arguments: [("adam", 1), ("cpu_adam", 2), ("onebitadam", 3), ("cpu_adam", 5)])
  func oracle(type: String, workers: Int) throws {
    let count = CPUEngine.blockCount + 77
    var generator = SeededGenerator(seed: 11)
    let start = (0..<count).map { _ in Float.random(in: -1...1, using: &generator) }
    let steps = (0..<4).map { _ in
      (0..<count).map { _ in Float.random(in: -1...1, using: &generator) }
    }
    let parameters = HostParameters([("w.weight", [count])])
    parameters.setValues(0, start)
    let settings = try OptimizerSettings(
      type: type,
      parameters: [
        "lr": .number(0.01), "freeze_step": .number(2), "weight_decay": .number(0.1),
      ].filter { type == "onebitadam" || $0.key != "freeze_step" },
      weightDecay: 0.1)
    let optimizer = try Optimizer(
      settings, parameters: parameters.slices,
      engine: CPUEngine(threads: workers))
    for step in steps {
      parameters.setGradients(0, step)
      optimizer.step(learningRate: settings.learningRate, gradientFactor: 1)
    }
    let wanted = Self.adam(
      start.map(Double.init), steps: steps.map { $0.map(Double.init) }, rate: 0.01, decay: 0.1,
      first: 0.9, second: 0.999, epsilon: 1e-8, corrects: type != "onebitadam",
      frozenAfter: type == "onebitadam" ? 2 : .max)
    let largest = zip(parameters.allValues[0], wanted).map { abs(Double($0) - $1) }.max() ?? .nan
    #expect(largest < 2e-6)
  }

  @Test("one step of Adam by hand")
  func byHand() throws {
    let parameters = HostParameters([("w.weight", [1])])
    parameters.setValues(0, [1])
    parameters.setGradients(0, [0.5])
    let optimizer = try Optimizer(
      OptimizerSettings(
        type: "Adam", parameters: ["betas": .numbers([0.9, 0.95])], weightDecay: 0.1),
      parameters: parameters.slices, engine: CPUEngine(threads: 1))
    optimizer.step(learningRate: 0.1, gradientFactor: 1)
    #expect(abs(parameters.allValues[0][0] - 0.89) < 1e-6)
  }

  @Test("the number of threads changes no bit", arguments: ["adam", "sm3", "madgrad_wd", "lion"])
  func threads(type: String) throws {
    func run(workers: Int) throws -> [[Float]] {
      let shapes = [("a.weight", [300, 500]), ("b.weight", [7, 3]), ("b.bias", [70_000])]
      let parameters = HostParameters(shapes)
      var generator = SeededGenerator(seed: 5)
      for (index, values) in parameters.values.enumerated() {
        let count = values.numbers.count
        parameters.setValues(
          index, (0..<count).map { _ in Float.random(in: -1...1, using: &generator) })
      }
      let engine = CPUEngine(threads: workers)
      let optimizer = try Optimizer(
        OptimizerSettings(type: type, parameters: [:], weightDecay: 0.1),
        parameters: parameters.slices, engine: engine)
      for _ in 0..<3 {
        for (index, gradients) in parameters.gradients.enumerated() {
          let count = gradients.numbers.count
          parameters.setGradients(
            index, (0..<count).map { _ in Float.random(in: -1...1, using: &generator) })
        }
        let sum = engine.sumOfSquares(parameters.slices.map(\.gradient))
        optimizer.step(learningRate: 0.01, gradientFactor: 1 / sum.squareRoot())
      }
      return parameters.allValues
    }
    let alone = try run(workers: 1)
    #expect(try run(workers: 2) == alone)
    #expect(try run(workers: 5) == alone)
  }

  @Test("gradients of fewer bits are widened", arguments: [ScalarType.float16, .bfloat16])
  func narrowGradients(type: ScalarType) throws {
    for optimizer in ["adam", "sm3"] {
      // Small whole numbers, which all types hold.
      let numbers = (0..<20_000).map { Float($0 % 201 - 100) }
      func run(_ type: ScalarType) throws -> ([[Float]], Double) {
        let parameters = HostParameters([("w.weight", [200, 100]), ("w.bias", [20_000])])
        let engine = CPUEngine(threads: 2)
        let halves = HostNumbers(count: 20_000)
        let slices = parameters.slices.map { slice in
          parameters.setGradients(0, numbers)
          parameters.setGradients(1, numbers)
          return ParameterSlice(
            name: slice.name, value: slice.value,
            gradient: type == .float32
              ? slice.gradient
              : Tensor(address: halves.numbers.address, shape: slice.shape, type: type),
            decays: slice.decays)
        }
        if type != .float32 {
          engine.write(
            numbers.span,
            to: Tensor(address: halves.numbers.address, shape: [20_000], type: type))
        }
        let optimizer = try Optimizer(
          OptimizerSettings(type: optimizer, parameters: [:], weightDecay: 0.1),
          parameters: slices, engine: engine)
        let sum = engine.sumOfSquares(slices.map(\.gradient))
        optimizer.step(learningRate: 0.01, gradientFactor: 0.5)
        return withExtendedLifetime(halves) { (parameters.allValues, sum) }
      }
      let wide = try run(.float32)
      let narrow = try run(type)
      #expect(wide.0 == narrow.0 && wide.1 == narrow.1)
      #expect(wide.1 == 2 * numbers.reduce(0) { $0 + Double($1 * $1) })
    }
  }

  @Test("Lion stands still where nothing pulls, unless FusedLion's fault is wanted")
  func lionAtZero() throws {
    for (quirks, wanted) in [(false, Float(1)), (true, 1.5)] {
      let parameters = HostParameters([("w.bias", [1])])
      parameters.setValues(0, [1])
      let optimizer = try Optimizer(
        OptimizerSettings(
          type: "Lion", parameters: [:], weightDecay: 0.1, zeroStage: 1, neoxQuirks: quirks),
        parameters: parameters.slices, engine: CPUEngine(threads: 1))
      optimizer.step(learningRate: 0.5, gradientFactor: 1)
      #expect(parameters.allValues[0][0] == wanted)
    }
  }

  @Test("OneBitAdam loses its first step with the reference's quirks only")
  func oneBitFirstStep() throws {
    for quirks in [false, true] {
      let parameters = HostParameters([("w.weight", [1])])
      parameters.setGradients(0, [1])
      let optimizer = try Optimizer(
        OptimizerSettings(
          type: "OneBitAdam", parameters: [:], weightDecay: 0, neoxQuirks: quirks),
        parameters: parameters.slices, engine: CPUEngine(threads: 1))
      optimizer.step(learningRate: 0.5, gradientFactor: 1)
      #expect((parameters.allValues[0][0] == 0) == quirks)
    }
  }

  @Test("parameters that decay stand before the others, unless nothing decays")
  func decays() {
    let parameters = HostParameters([("b.bias", [1]), ("a.weight", [1])]).slices
    #expect(ParameterGroups.make(parameters, weightDecay: 0.1).map(\.members) == [[1], [0]])
    #expect(ParameterGroups.make(parameters, weightDecay: 0).map(\.members) == [[0, 1]])
  }

  @Test("settings that cannot be are refused by name")
  func refused() {
    func message(
      _ type: String, _ values: [String: OptimizerSettings.Value], decay: Double = 0.1
    ) -> String {
      do throws(TrainError) {
        _ = try OptimizerSettings(type: type, parameters: values, weightDecay: decay)
        return "accepted"
      } catch { return error.description }
    }
    #expect(message("Muon", [:]).contains("optimizer.type Muon"))
    #expect(message("adam", ["beta": .number(1)]).contains("optimizer.params.beta"))
    #expect(message("adam", ["betas": .number(1)]).contains("two numbers"))
    #expect(message("adam", ["eps": .other("1e_8")]).contains("1e_8"))
    #expect(message("adam", ["amsgrad": .boolean(true)]).contains("amsgrad"))
    #expect(message("adam", ["weight_decay": .number(0.2)]).contains("make them equal"))
    #expect(message("adam", ["weight_decay": .number(0.1)]) == "accepted")
    #expect(message("sgd", ["nesterov": .boolean(true)]).contains("momentum above 0"))
    #expect(message("sm3", ["momentum": .number(1)]).contains("below 1"))
    #expect(message("adam", ["max_grad_norm": .number(1)]).contains("max_grad_norm"))
  }

  @Test("a default weight decay that has no effect is told; one that is written has been")
  func notices() throws {
    for (type, name) in [("sm3", "SM3"), ("OneBitAdam", "OneBitAdam")] {
      let notices = try OptimizerSettings(
        type: type, parameters: [:], weightDecay: 0.1, isWeightDecaySet: false
      ).notices
      #expect(notices.count == 1 && notices[0].contains("0.1") && notices[0].contains(name))
      #expect(
        try OptimizerSettings(type: type, parameters: [:], weightDecay: 0.1).notices.isEmpty)
    }
  }

  @Test("states for which there is no memory are an error")
  func noMemory() throws {
    let engine = CPUEngine(threads: 1)
    #expect {
      try engine.makeMemory(byteCount: 1 << 60)
    } throws: { "\($0)".contains("\(1 << 60) bytes") }
    let value = HostNumbers(count: 1).numbers
    let huge = Tensor(address: value.address, shape: [1 << 58], type: .float32)
    let slice = ParameterSlice(name: "w.weight", value: huge, gradient: huge, decays: true)
    #expect(throws: TrainError.self) {
      try Optimizer(
        OptimizerSettings(type: "adam", parameters: [:], weightDecay: 0.1), parameters: [slice],
        engine: engine)
    }
  }
}
