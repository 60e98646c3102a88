import Foundation
import TestSupport
import Testing

@testable import Train

@Suite("Memory of an engine beside its tensors")
struct ReservationTests {
  @Test("too little is an error at set-up")
  func tooLittle() {
    #expect {
      try CPUEngine(threads: 1).reserve([.rows(width: 1 << 58, type: .float32)])
    } throws: { "\($0)".contains("\(1 << 58) numbers") }
    #expect(throws: TrainError.self) {
      try CPUEngine(threads: 1).reserve([.rows(width: .max, type: .float32)])
    }
  }

  @Test("work that was not reserved is a mistake of the program")
  func unreserved() async {
    await #expect(processExitsWith: .failure) { try sumColumns(reserving: false) }
    await #expect(processExitsWith: .success) { try sumColumns(reserving: true) }
  }

  @Test(
    "steps after the first take no more memory",
    arguments: [
      (ScalarType.float32, "adam"), (.float16, "sm3"), (.bfloat16, "adam"), (.bfloat16, "sm3"),
    ])
  func steadyMemory(type: ScalarType, optimizer: String) async {
    await #expect(processExitsWith: .success) {
      [type = type.rawValue as String, optimizer = optimizer as String] in
      let type = try #require(ScalarType(rawValue: type))
      let run = try SteadyRun(type, optimizer)
      try run.step()
      try run.step()
      try limitAddressSpace(toMoreBytes: 1 << 19)
      for _ in 0..<3 { try run.step() }
      // The limit is felt.
      #expect(throws: TrainError.self) { try run.model.engine.makeMemory(byteCount: 64 << 20) }
    }
  }
}

private func sumColumns(reserving: Bool) throws {
  let engine = CPUEngine(threads: 1)
  let (tensors, memory) = try engine.place { ($0.place([2, 8]), $0.place([8])) }
  if reserving { try engine.reserve([.rows(width: 8, type: .float32)]) }
  withExtendedLifetime(memory) { engine.addColumnSums(of: tensors.0, to: tensors.1) }
}

/// Steps of a model with tensors of a MiB and more.
private final class SteadyRun {
  let model: GPTNeoX
  private let space: ModelWorkspace
  private let optimizer: Optimizer

  init(_ type: ScalarType, _ optimizer: String) throws {
    var settings = ModelSettings(
      layerCount: 2, hiddenSize: 512, headCount: 4, vocabularySize: 512, sequenceLength: 256)
    settings.norm = .layerNorm
    settings.normalizesQueriesAndKeys = true
    model = try GPTNeoX(settings, type: type, engine: CPUEngine(threads: 2))
    model.parameters.initialize(seed: 1)
    space = try model.makeWorkspace(batch: 2, length: 256, training: true)
    self.optimizer = try Optimizer(
      OptimizerSettings(type: optimizer, parameters: [:], weightDecay: 0.1),
      parameters: model.parameters.slices, engine: model.engine)
  }

  func step() throws {
    model.parameters.clearGradients()
    model.forward(space)
    model.engine.fill(space.outputGradient, with: 0.01)
    model.backward(space)
    let squares = model.engine.sumOfSquares(model.parameters.gradients)
    try #require(squares > 0)
    optimizer.step(learningRate: 1e-4, gradientFactor: 1)
  }
}

/// Lets this process take so many bytes of addresses more than it has, and no others.
private func limitAddressSpace(toMoreBytes more: Int) throws {
  let pages = try String(contentsOfFile: "/proc/self/statm", encoding: .utf8).split(separator: " ")
  let byteCount = try #require(pages.first.flatMap { Int($0) }) * sysconf(Int32(_SC_PAGESIZE))
  var limit = rlimit(rlim_cur: rlim_t(byteCount + more), rlim_max: rlim_t(byteCount + more))
  try #require(setrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit) == 0)
}
