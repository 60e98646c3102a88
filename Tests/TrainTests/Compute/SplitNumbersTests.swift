import TestSupport
import Testing

@testable import Train

@Suite("float32 numbers in halves")
struct SplitNumbersTests {
  let engine = CPUEngine(threads: 3)

  /// Numbers of all bits, with those that rounding finds special among them.
  static func numbers(_ count: Int) -> [Float] {
    var generator = SeededGenerator(seed: 21)
    let special: [UInt32] = [
      0, 0x8000_0000, 1, 0x8000_0001, 0x3F80_7FFF, 0x3F80_8001, 0x3F81_8000, 0x7F7F_FFFF,
      0xFF7F_FFFF, 0x7F80_0000, 0xFF80_0000,
    ]
    return (0..<count).map { index in
      let bits =
        index < special.count ? special[index] : UInt32.random(in: .min ... .max, using: &generator)
      let number = Float(bitPattern: bits)
      return number.isNaN || isKeptBelow(number) ? 0.5 : number
    }
  }

  /// Whether a number lies halfway between two of bfloat16 and is rounded to the smaller.
  static func isKeptBelow(_ number: Float) -> Bool { number.bitPattern & 0x1FFFF == 0x8000 }

  private func place(_ numbers: [Float]) throws -> (tensor: Tensor, memory: EngineMemory) {
    let (tensor, memory) = try engine.place { $0.place([numbers.count], .splitFloat32) }
    engine.write(numbers.span, to: tensor)
    return (tensor, memory)
  }

  private func bits(_ numbers: [Float]) -> [UInt32] { numbers.map(\.bitPattern) }

  /// Whether a tensor holds those very bits.
  private func holds(_ tensor: Tensor, _ numbers: [Float]) -> Bool {
    bits(engine.numbers(of: tensor)) == bits(numbers)
  }

  @Test("keep every bit; the first half is rounded to the nearest even")
  func exact() throws {
    let numbers = Self.numbers(70_001)
    let (tensor, memory) = try place(numbers)
    withExtendedLifetime(memory) {
      #expect(holds(tensor, numbers))
      let rounded = NarrowNumbers.bits(numbers[...], as: .bfloat16).map {
        Float(bitPattern: UInt32($0) << 16)
      }
      #expect(holds(tensor.rounded, rounded))
    }
  }

  @Test("halfway to a smaller one they lose a unit in the last place, once; NaNs stay NaNs")
  func halfway() throws {
    let (tensor, memory) = try place(
      [0x3F80_8000, 0xBF80_8000, 0x0000_8000, 0x7F80_0001, 0xFFFF_FFFF, 0x7FC0_0000].map {
        Float(bitPattern: $0)
      })
    withExtendedLifetime(memory) {
      let once = engine.numbers(of: tensor)
      #expect(bits(Array(once[..<3])) == [0x3F80_7FFF, 0xBF80_7FFF, 0x0000_7FFF])
      #expect(once[3...].allSatisfy { $0.isNaN })
      #expect(
        bits(Array(engine.numbers(of: tensor.rounded)[..<3])) == [0x3F80_0000, 0xBF80_0000, 0])
      #expect(engine.numbers(of: tensor.rounded)[3...].allSatisfy { $0.isNaN })
      engine.write(once.span, to: tensor)
      #expect(bits(Array(engine.numbers(of: tensor)[..<3])) == bits(Array(once[..<3])))
    }
  }

  @Test("move like whole ones")
  func moves() throws {
    let numbers = Self.numbers((1 << 18) + 4099)
    let (halves, memory) = try place(numbers)
    let (others, rest) = try engine.place {
      ($0.place([numbers.count]), $0.place([numbers.count], .splitFloat32))
    }
    withExtendedLifetime((memory, rest)) {
      engine.convert(halves, into: others.0)
      #expect(holds(others.0, numbers))
      engine.convert(halves, into: others.1)
      #expect(holds(others.1, numbers))
      engine.fill(halves, with: 0.1)
      #expect(engine.numbers(of: halves).allSatisfy { $0 == 0.1 })
      engine.convert(others.0, into: halves)
      var shown: [UInt32] = []
      engine.forEachPiece(of: halves) { piece in
        for index in piece.indices { shown.append(piece[index].bitPattern) }
      }
      let isShown = shown == bits(numbers)
      #expect(isShown)
    }
  }

  @Test("are drawn as whole ones are")
  func draws() throws {
    let count = 3 * 4096 + 5
    let (tensors, memory) = try engine.place {
      ($0.place([count]), $0.place([count], .splitFloat32))
    }
    withExtendedLifetime(memory) {
      for draw in [
        { (tensor: Tensor) in engine.fillNormal(tensor, deviation: 0.02, key: 7) },
        { (tensor: Tensor) in engine.fillUniform(tensor, bound: 0.1, key: 8) },
      ] {
        draw(tensors.0)
        draw(tensors.1)
        let whole = engine.numbers(of: tensors.0)
        #expect(holds(tensors.1, Self.halved(whole)))
        #expect(Set(whole).count > count / 2)
      }
    }
  }

  @Test("are updated as whole ones are", arguments: ["adam", "sm3", "madgrad_wd", "lion", "sgd"])
  func updates(type: String) throws {
    let shapes = [[300, 500], [70_000], [7, 3]]
    var generator = SeededGenerator(seed: 5)
    func random(_ shape: [Int]) -> [Float] {
      (0..<shape.reduce(1, *)).map { _ in Float.random(in: -1...1, using: &generator) }
    }
    let starts = shapes.map { Self.halved(random($0)) }
    let gradients = shapes.map(random)
    func run(_ value: ScalarType, _ gradient: ScalarType) throws -> [[Float]] {
      let (tensors, memory) = try engine.place { plan in
        shapes.map { (value: plan.place($0, value), gradient: plan.place($0, gradient)) }
      }
      return try withExtendedLifetime(memory) {
        for (index, tensor) in tensors.enumerated() {
          let (start, gradient) = (starts[index], gradients[index])
          engine.write(start.span, to: tensor.value)
          engine.write(gradient.span, to: tensor.gradient)
        }
        let optimizer = try Optimizer(
          OptimizerSettings(type: type, parameters: [:], weightDecay: 0.1),
          parameters: tensors.enumerated().map {
            ParameterSlice(
              name: "\($0).weight", value: $1.value, gradient: $1.gradient, decays: $0 == 0)
          }, engine: engine)
        for _ in 0..<2 { optimizer.step(learningRate: 0.01, gradientFactor: 0.5) }
        return tensors.map { engine.numbers(of: $0.value) }
      }
    }
    for gradient in [ScalarType.float32, .bfloat16] {
      let whole = try run(.float32, gradient)
      let halves = try run(.splitFloat32, gradient)
      for (index, numbers) in halves.enumerated() {
        let hasChanged = numbers != starts[index]
        #expect(hasChanged)
        // One in 131,072 was kept a unit lower in between.
        let differing = zip(numbers, whole[index]).count { $0 != $1 }
        #expect(differing <= 2 + numbers.count / 8192)
        #expect(zip(numbers, whole[index]).allSatisfy { abs($0 - $1) <= 1e-6 })
      }
    }
  }

  @Test("a model's weights have one name in every precision")
  func identity() throws {
    let settings = ModelSettings(
      layerCount: 1, hiddenSize: 16, headCount: 2, vocabularySize: 32, sequenceLength: 8)
    func name(_ type: ScalarType, _ number: UInt32) throws -> String {
      let model = try GPTNeoX(settings, type: type, gradients: .none, engine: engine)
      model.parameters.initialize(seed: 3)
      var numbers = engine.numbers(of: model.parameters.masters[0])
      numbers[1] = Float(bitPattern: number)
      engine.write(numbers.span, to: model.parameters.masters[0])
      return WeightIdentity.text(model)
    }
    let halfway = try name(.float32, 0x3F80_8000)
    #expect(try name(.bfloat16, 0x3F80_8000) == halfway)
    #expect(try name(.float16, 0x3F80_8000) == halfway)
    #expect(try name(.bfloat16, 0x3F80_8001) != halfway)
    #expect(try name(.float32, 0x3F81_8000) == name(.bfloat16, 0x3F81_8000))
  }

  /// Numbers as they are kept in halves.
  private static func halved(_ numbers: [Float]) -> [Float] {
    numbers.map { isKeptBelow($0) ? Float(bitPattern: $0.bitPattern - 1) : $0 }
  }

  @Test("have no address of their own, and no rows")
  func mistakes() async {
    await #expect(processExitsWith: .failure) {
      _ = Tensor(address: 64, shape: [2, 2], type: .splitFloat32).place(1)
    }
    await #expect(processExitsWith: .failure) {
      _ = Tensor(address: 64, shape: [2, 2], type: .splitFloat32).rows(1..<2)
    }
    await #expect(processExitsWith: .failure) {
      _ = Tensor(address: 64, shape: [2, 2], type: .float32).rounded
    }
  }
}
