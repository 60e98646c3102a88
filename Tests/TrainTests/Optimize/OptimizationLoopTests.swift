import TestSupport
import Testing

@testable import Train

@Suite("Optimizer steps")
struct OptimizationLoopTests {
  static func make(
    _ parameters: HostParameters, type: String = "sgd", clip: Double = 0,
    wrapper: PrecisionWrapper = .none, power: Int? = nil, quirks: Bool = false,
    communicator: any Communicator = SingleProcess { _, _ in }
  ) throws -> OptimizationLoop {
    let engine = CPUEngine(threads: 2)
    var fp16 = LossScaler.Settings()
    fp16.initialScalePower = power
    fp16.window = 2
    return OptimizationLoop(
      optimizer: try Optimizer(
        OptimizerSettings(type: type, parameters: [:], weightDecay: 0),
        parameters: parameters.slices, engine: engine),
      wrapper: wrapper,
      scaler: power == nil ? .one : try LossScaler(fp16, wrapper: wrapper),
      scheduler: LearningRateScheduler(
        .annealing(Annealing(style: .linear, start: 1, warmup: 0, endStep: 10))),
      gradientClipping: clip, communicator: communicator, neoxQuirks: quirks)
  }

  static func parameters(_ gradients: [Float]) -> HostParameters {
    let parameters = HostParameters([("w.weight", [gradients.count])])
    parameters.setGradients(0, gradients)
    return parameters
  }

  @Test("gradients are clipped by the norm of all of them")
  func clipping() throws {
    let parameters = Self.parameters([3, -4])
    let outcome = try Self.make(parameters, clip: 1).step()
    #expect(outcome.gradientNorm == 5)
    #expect(abs(parameters.allValues[0][0] + 0.6) < 1e-6)
    #expect(abs(parameters.allValues[0][1] - 0.8) < 1e-6)
  }

  @Test("a clipping of 1.0 does nothing with the reference's quirks")
  func clippingQuirk() throws {
    let parameters = Self.parameters([3, -4])
    _ = try Self.make(parameters, clip: 1, quirks: true).step()
    #expect(parameters.allValues[0] == [-3, 4])
  }

  @Test("an overflow leaves everything but the scale as it was")
  func overflow() throws {
    let parameters = Self.parameters([1, .infinity])
    let loop = try Self.make(parameters, wrapper: .fp16Unfused, power: 4)
    let outcome = try loop.step()
    #expect(outcome.isSkipped && outcome.lossScale == 8 && outcome.gradientNorm.isNaN)
    #expect(parameters.allValues[0] == [0, 0])
    #expect(loop.scheduler.stepCount == 0 && loop.skippedCount == 1)
    parameters.setGradients(0, [8, 16])
    #expect(try loop.step().gradientNorm == 5.0.squareRoot())
    #expect(parameters.allValues[0] == [-1, -2])
    #expect(loop.scheduler.rate == 0.9)
  }

  @Test("gradients are halved in the step at which the scale grows, as in the reference")
  func growth() throws {
    let parameters = Self.parameters([4])
    let loop = try Self.make(parameters, wrapper: .fp16Unfused, power: 2)
    _ = try loop.step()
    _ = try loop.step()
    #expect(abs(parameters.allValues[0][0] + 1.9) < 1e-6)
    let outcome = try loop.step()
    #expect(outcome.lossScale == 8 && outcome.gradientNorm == 1)
    #expect(abs(parameters.allValues[0][0] + 2.3) < 1e-6)
  }

  @Test("gradients that are no numbers are skipped, and end a run after fifty in a row")
  func patience() throws {
    let parameters = Self.parameters([.nan])
    let loop = try Self.make(parameters, wrapper: .bfloat16)
    for _ in 1..<OptimizationLoop.patience { #expect(try loop.step().isSkipped) }
    #expect(throws: TrainError.self) { try loop.step() }
    #expect(parameters.allValues[0] == [0])
    #expect(try Self.make(parameters, quirks: true).step().isSkipped == false)
    #expect(parameters.allValues[0][0].isNaN)
  }

  @Test("gradients that were added up over processes are not added up again")
  func processes() throws {
    let parameters = Self.parameters([3, -4])
    let two = TwoProcesses()
    let outcome = try Self.make(parameters, clip: 1, communicator: two).step()
    #expect(outcome.gradientNorm == 5 && !outcome.isSkipped)
    #expect(abs(parameters.allValues[0][0] + 0.6) < 1e-6)
    // The other process has an overflow, which this one does not see.
    let poisoned = TwoProcesses(other: 1)
    let others = Self.parameters([3])
    let skipped = try Self.make(others, wrapper: .bfloat16, communicator: poisoned)
    #expect(try skipped.step().isSkipped)
    #expect(others.allValues[0] == [0])
  }

  @Test("fp16 at stage 0 begins with a step without gradients, with the reference's quirks only")
  func stepWithoutGradients() throws {
    for quirks in [false, true] {
      let parameters = Self.parameters([1])
      let loop = try Self.make(
        parameters, type: "adam", wrapper: .fp16Fused, power: 0, quirks: quirks)
      #expect(loop.optimizer.stepCount == (quirks ? 1 : 0))
      parameters.setGradients(0, [1])
      _ = try loop.step()
      // (1 − .9) / (1 − .9²) / √((1 − .999) / (1 − .999²)), with the default betas.
      let wanted: Float = quirks ? -0.744136 : -1
      #expect(abs(parameters.allValues[0][0] - wanted) < 1e-4)
    }
  }
}

/// Two processes with equal gradients, of which the other says `other` where a maximum is sought.
private struct TwoProcesses: Communicator {
  let rank = 0
  let size = 2
  var other = 0.0

  func allReduce(_ number: Double, by reduction: Reduction) -> Double {
    switch reduction {
    case .sum: 2 * number
    case .maximum: max(number, other)
    }
  }

  func allReduce(_ numbers: Tensor, by reduction: Reduction) {}
  func reduceScatter(_ whole: Tensor, into part: Tensor, by reduction: Reduction) {}
  func allGather(_ part: Tensor, into whole: Tensor) {}
  func send(_ numbers: Tensor, to rank: Int) {}
  func receive(_ numbers: Tensor, from rank: Int) {}
  func barrier() {}
}
