import Foundation
import TestSupport
import Testing

@testable import Train

@Suite("What can be loaded")
struct LoadSourceTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  func kind(_ path: String) throws -> String {
    switch try LoadSource.open(path).source {
    case .checkpoint(let checkpoint): "checkpoint \(checkpoint.state.iteration)"
    case .file(let file): "file \(file.names.count)"
    case .huggingFace(let model): model.config.architecture.rawValue
    case .nothing: "nothing"
    }
  }

  @Test("each kind is recognised")
  func kinds() throws {
    let run = try CheckpointTests.Run("Adam")
    run.step()
    let checkpoint = try CheckpointWriter.write(
      run.contents(), into: folder.file("run"), engine: CPUEngine(threads: 1))
    let settings = HuggingFaceTests.settings()
    let weights = HuggingFaceTests.Counting(settings, .gptNeoX)
    let model = folder.file("hf")
    try WeightExport.writeHuggingFace(model, weights, settings: settings, precision: .float32)
    let file = folder.file("x.safetensors")
    try WeightExport.writeFile(file, weights, precision: .float16)
    #expect(throws: TrainError.self) {
      try WeightExport.writeFile(file, weights, precision: .float16)
    }
    #expect(try kind(folder.file("run")) == "checkpoint 1")
    #expect(try kind(folder.file("run/")) == "checkpoint 1")
    #expect(try kind(checkpoint) == "checkpoint 1")
    #expect(try kind(model) == "GPTNeoXForCausalLM")
    #expect(try kind(file) == "file \(weights.names.count)")
    #expect(try kind(folder.file("absent")) == "nothing")
    let notices = try LoadSource.open(folder.file("absent")).notices
    #expect(notices.first?.contains("training starts from the beginning") == true)
    for (path, step) in [(checkpoint, 2), (model, 1), (file, 1)] {
      #expect {
        try LoadSource.open(path, iteration: step)
      } throws: { "\($0)".hasPrefix("iteration \(step): \(path) is ") }
    }
    #expect(try LoadSource.open(checkpoint, iteration: 1).source.weights != nil)
    try folder.write("hf/pytorch_model.bin", [1])
    #expect(try kind(model) == "GPTNeoXForCausalLM")
    try FileManager.default.createDirectory(
      atPath: folder.file("torch/global_step5"), withIntermediateDirectories: true)
    try folder.write("torch/global_step5/mp_rank_00_model_states.pt", [1])
    #expect(throws: TrainError.self) { try kind(folder.file("torch/global_step5")) }
    #expect(throws: TrainError.self) { try kind(folder.file("torch")) }
  }

  @Test("older names of the MLP are read")
  func olderNames() throws {
    let path = folder.file("old.safetensors")
    let layer = "sequential.2.mlp."
    _ = try SafetensorsWriter.write(
      path,
      [
        SafetensorsSource(name: layer + "w1.weight", shape: [2, 1], [1, 2]),
        SafetensorsSource(name: layer + "w2.weight", shape: [1, 2], [3, 4]),
        SafetensorsSource(name: layer + "w3.weight", shape: [2, 1], [5, 6]),
        SafetensorsSource(name: "sequential.3.mlp.dense_h_to_4h.bias", shape: [1], [7]),
        SafetensorsSource(name: "sequential.3.mlp.dense_4h_to_h.bias", shape: [1], [8]),
        SafetensorsSource(name: "sequential.5.norm.weight", shape: [1], [9]),
      ])
    let file = try WeightFile(path: path)
    #expect(file.names.count == 5)
    #expect(file.shape(layer + "linear1.weight") == [4, 1])
    #expect(try file.floats(of: layer + "linear1.weight") == [5, 6, 1, 2])
    #expect(try file.floats(of: layer + "linear2.weight") == [3, 4])
    #expect(try file.floats(of: "sequential.3.mlp.linear1.bias") == [7])
    #expect(try file.floats(of: "sequential.3.mlp.linear2.bias") == [8])
    #expect(try file.floats(of: "sequential.5.norm.weight") == [9])
    #expect(file.shape("sequential.9") == nil)
  }
}
