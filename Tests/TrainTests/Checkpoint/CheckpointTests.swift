import Foundation
import Machine
import TestSupport
import Testing

@testable import Train

@Suite("Checkpoints")
struct CheckpointTests {
  let folder: TemporaryFolder
  let save: String
  let engine = CPUEngine(threads: 1)

  init() throws {
    folder = try TemporaryFolder()
    save = folder.file("runs/a")
  }

  /// A run of made-up gradients.
  final class Run {
    let parameters = HostParameters([("a.weight", [6, 5]), ("a.bias", [7])])
    let optimizer: Optimizer
    var iteration = 0

    init(_ type: String, _ values: [String: OptimizerSettings.Value] = [:]) throws {
      optimizer = try Optimizer(
        OptimizerSettings(type: type, parameters: values, weightDecay: 0.1),
        parameters: parameters.slices, engine: CPUEngine(threads: 1))
    }

    func step() {
      for (index, count) in [30, 7].enumerated() {
        parameters.setGradients(
          index,
          HostParameters.fractions(
            count, seed: 10 * iteration + index, modulus: 2001, divisor: 2048))
      }
      optimizer.step(learningRate: 0.01 / Double(iteration + 1), gradientFactor: 1)
      iteration += 1
    }

    var weights: [CheckpointContents.Weight] { parameters.slices.map { ($0.name, $0.value) } }

    func contents() -> CheckpointContents {
      var scheduler = LearningRateScheduler(
        .annealing(
          Annealing(style: .cosine, start: 6e-4, minimum: 1e-5, warmup: 0.013, endStep: 77)))
      for _ in 0..<iteration { scheduler.advance() }
      var state = CheckpointState(iteration: iteration, scheduler: scheduler)
      state.optimizer = optimizer.settings.kind.rawValue
      state.optimizerStepCount = optimizer.stepCount
      state.skippedCount = 3
      state.lossScale = LossScaler.State(scale: 0.25, stepCount: 9, lastOverflow: 4)
      state.dataPosition = ["train": 80, "valid": 4]
      state.dataOrder = "stable"
      state.randomState = ["dropout": .max]
      state.arguments = ["num_layers": "2", "hidden_size": "64"]
      return CheckpointContents(
        state: state, weights: weights, optimizer: optimizer,
        configs: [("x/a.yml", Array("a: 1\n".utf8)), ("y/a.yml", Array("b: 2\n".utf8))])
    }
  }

  @discardableResult
  func write(_ run: Run) throws -> String {
    try CheckpointWriter.write(run.contents(), into: save, engine: engine)
  }

  @Test(
    "a resumed run takes the same steps, bit for bit",
    arguments: [
      "Adam", "cpu_adam", "cpu_torch_adam", "OneBitAdam", "sm3", "madgrad_wd", "Lion", "sgd",
    ])
  func resume(type: String) throws {
    let values: [String: OptimizerSettings.Value] =
      ["sm3", "sgd"].contains(type) ? ["momentum": .number(0.9)] : [:]
    let whole = try Run(type, values)
    for _ in 0..<3 { whole.step() }
    let path = try write(whole)
    let saved = whole.contents().state
    for _ in 0..<3 { whole.step() }

    let resumed = try Run(type, values)
    let checkpoint = try Checkpoint(path: path)
    #expect(checkpoint.state == saved)
    try WeightLoader.load(checkpoint.weights, into: resumed.weights, engine: engine)
    try WeightLoader.load(checkpoint, into: resumed.optimizer)
    resumed.iteration = checkpoint.state.iteration
    for _ in 0..<3 { resumed.step() }
    #expect(resumed.parameters.allValues == whole.parameters.allValues)
    #expect(resumed.optimizer.stepCount == 6)
  }

  @Test("a resumed loop goes on with its rate, its loss scale and its count of skipped steps")
  func resumedLoop() throws {
    func loop(_ parameters: HostParameters) throws -> OptimizationLoop {
      try OptimizationLoopTests.make(parameters, type: "adam", wrapper: .fp16Fused, power: 8)
    }
    func steps(_ loop: OptimizationLoop, _ parameters: HostParameters, _ range: Range<Int>) throws
      -> [OptimizationLoop.Outcome]
    {
      try range.map { step in
        parameters.setGradients(0, step == 2 ? [.infinity, 1] : [Float(step) + 1, -3])
        return try loop.step()
      }
    }
    let wholeParameters = OptimizationLoopTests.parameters([0, 0])
    let whole = try loop(wholeParameters)
    _ = try steps(whole, wholeParameters, 0..<4)
    let path = try CheckpointWriter.write(
      CheckpointContents(
        state: whole.checkpointState(iteration: 4),
        weights: wholeParameters.slices.map { ($0.name, $0.value) }, optimizer: whole.optimizer,
        configs: []), into: save, engine: engine)
    let parameters = OptimizationLoopTests.parameters([0, 0])
    let resumed = try loop(parameters)
    let checkpoint = try Checkpoint(path: path)
    try WeightLoader.load(
      checkpoint.weights, into: parameters.slices.map { ($0.name, $0.value) },
      engine: engine)
    try resumed.resume(checkpoint, prefer: .equal)
    #expect(resumed.skippedCount == 1 && resumed.scheduler.stepCount == 3)
    #expect(
      try steps(resumed, parameters, 4..<9) == steps(whole, wholeParameters, 4..<9))
    #expect(parameters.allValues == wholeParameters.allValues)
  }

  @Test("the files of a checkpoint")
  func files() throws {
    let run = try Run("Adam")
    run.step()
    let path = try write(run)
    #expect(path == save + "/global_step1")
    #expect(try FolderContents.names(save) == ["global_step1", "latest"])
    #expect(
      try FolderContents.names(path) == [
        "configs", "hashes.json", "optimizer.safetensors", "state.json", "weights.safetensors",
      ])
    #expect(try folder.read("runs/a/latest") == Array("global_step1".utf8))
    #expect(try folder.read("runs/a/global_step1/configs/a.yml") == Array("a: 1\n".utf8))
    #expect(try folder.read("runs/a/global_step1/configs/other-a.yml") == Array("b: 2\n".utf8))
    // Writing the same iteration again replaces it.
    run.parameters.setValues(1, [9, 9, 9, 9, 9, 9, 9])
    try write(run)
    #expect(try FolderContents.names(save) == ["global_step1", "latest"])
    #expect(try Checkpoint(path: path).weights.floats(of: "a.bias") == [9, 9, 9, 9, 9, 9, 9])
  }

  @Test("a damaged or half-written checkpoint is never used, and the choice is explained")
  func damage() throws {
    let run = try Run("Adam")
    run.step()
    try write(run)
    run.step()
    let second = try write(run)
    #expect(try Checkpoint.choose(in: save, iteration: nil).notices.isEmpty)
    for name in ["weights.safetensors", "optimizer.safetensors", "state.json", "hashes.json"] {
      let path = second + "/" + name
      let bytes = try Data(contentsOf: URL(filePath: path))
      var flipped = bytes
      flipped[bytes.count / 2] ^= 1
      for damaged in [flipped, bytes.dropLast(2), Data(), nil] {
        try FileManager.default.removeItem(atPath: path)
        try damaged?.write(to: URL(filePath: path))
        let choice = try Checkpoint.choose(in: save, iteration: nil)
        #expect(choice.checkpoint?.state.iteration == 1, "\(name)")
        #expect(choice.notices.contains { $0.contains("global_step2") }, "\(choice.notices)")
        #expect(choice.notices.last?.contains("global_step1, the newest sound one") == true)
        if damaged == nil { try Data().write(to: URL(filePath: path)) }
      }
      try bytes.write(to: URL(filePath: path))
    }
    #expect(try Checkpoint.choose(in: save, iteration: nil).checkpoint?.state.iteration == 2)
  }

  @Test("wherever writing is killed, a whole checkpoint remains")
  func killed() throws {
    let run = try Run("Adam")
    run.step()
    try write(run)
    run.step()
    let second = try write(run)
    let files = try FileManager.default.subpathsOfDirectory(atPath: second).sorted {
      // The order in which they are written; hashes come last.
      ($0 == "hashes.json" ? 1 : 0, $0) < ($1 == "hashes.json" ? 1 : 0, $1)
    }
    func latest(_ name: String) throws { try folder.write("runs/a/latest", Array(name.utf8)) }
    func chosen() throws -> Int? {
      try Checkpoint.choose(in: save, iteration: nil).checkpoint?.state.iteration
    }
    // Killed before the folder has its name: any number of files is there.
    let partial = second + ".partial"
    for count in 0...files.count {
      try FileManager.default.createDirectory(
        atPath: partial + "/configs", withIntermediateDirectories: true)
      for file in files.prefix(count) where file != "configs" {
        try FileManager.default.copyItem(atPath: second + "/" + file, toPath: partial + "/" + file)
      }
      try FileManager.default.moveItem(atPath: second, toPath: second + ".aside")
      try latest("global_step1")
      #expect(try chosen() == 1)
      try FileManager.default.moveItem(atPath: second + ".aside", toPath: second)
      try FileManager.default.removeItem(atPath: partial)
    }
    // Killed before `latest` is renewed, and while one takes the place of another.
    #expect(try chosen() == 1)
    try FileManager.default.removeItem(atPath: save + "/latest")
    #expect(try chosen() == 2)
    try latest("global_step2")
    try FileManager.default.moveItem(atPath: second, toPath: second + ".replaced")
    #expect(try chosen() == 2)
    // Writing goes on over whatever was left.
    try FileManager.default.createDirectory(
      atPath: partial + "/configs/x", withIntermediateDirectories: true)
    try write(run)
    #expect(try chosen() == 2)
    #expect(try FolderContents.names(save).contains("global_step2.partial") == false)
  }

  @Test("of a checkpoint that cannot be written to its end nothing is left")
  func failure() throws {
    let run = try Run("Adam")
    run.step()
    let first = try write(run)
    run.step()
    var contents = run.contents()
    contents.configs.append((String(repeating: "n", count: 300), []))
    let error = #expect(throws: TrainError.self) {
      try CheckpointWriter.write(contents, into: save, engine: engine)
    }
    #expect("\(error!)".contains("File name too long"))
    #expect(try Set(FolderContents.names(save)) == ["global_step1", "latest"])
    #expect(try Checkpoint.choose(in: save, iteration: nil).checkpoint?.path == first)
    run.step()
    try write(run)
    #expect(try Checkpoint.choose(in: save, iteration: nil).checkpoint?.state.iteration == 3)
  }

  @Test("an iteration that is asked for is used or refused")
  func iteration() throws {
    #expect(try Checkpoint.choose(in: save, iteration: nil).checkpoint == nil)
    #expect(
      try Checkpoint.choose(in: save, iteration: nil).notices.first?.hasPrefix(
        "Unable to load checkpoint.") == true)
    let run = try Run("Adam")
    for _ in 0..<2 {
      run.step()
      try write(run)
    }
    #expect(try Checkpoint.choose(in: save, iteration: 1).checkpoint?.state.iteration == 1)
    #expect {
      try Checkpoint.choose(in: save, iteration: 7)
    } throws: {
      "\($0)".contains("there are 2, 1")
    }
    try folder.write("runs/a/global_step1/state.json", [])
    #expect(throws: TrainError.self) { try Checkpoint.choose(in: save, iteration: 1) }
    try folder.write("runs/a/global_step2/state.json", [])
    #expect {
      try Checkpoint.choose(in: save, iteration: nil)
    } throws: {
      "\($0)".contains("none is sound")
    }
  }

  @Test("weights that do not fit are refused with all their names, and nothing is copied")
  func misfits() throws {
    let run = try Run("Adam")
    run.step()
    let checkpoint = try Checkpoint(path: try write(run))
    let other = HostParameters([("a.weight", [5, 6]), ("b.bias", [7])])
    #expect {
      try WeightLoader.load(
        checkpoint.weights, into: other.slices.map { ($0.name, $0.value) }, engine: engine)
    } throws: {
      let text = "\($0)"
      return text.contains("a.weight is [6, 5], and [5, 6] is wanted")
        && text.contains("b.bias is missing") && text.contains("a.bias is not known")
    }
    #expect(other.allValues.joined().allSatisfy { $0 == 0 })
    #expect(throws: TrainError.self) {
      try WeightLoader.load(checkpoint, into: Run("Lion").optimizer)
    }
    #expect {
      try checkpoint.state.check(arguments: ["num_layers": "3"], path: "x")
    } throws: {
      "\($0)".contains(
        "num_layers value from checkpoint (2) is not equal to the currently set argument value (3)."
      )
    }
    try checkpoint.state.check(arguments: ["num_layers": "2"], path: "x")
  }

  @Test(
    "counts that cannot be are refused by name",
    arguments: [
      ("\"iteration\": 1", "\"iteration\": -1", "iteration"),
      ("\"iteration\": 1", "\"iteration\": 9223372036854775807", "iteration"),
      ("\"skipped_steps\": 3", "\"skipped_steps\": -3", "skipped_steps"),
      ("\"optimizer_steps\": 1", "\"optimizer_steps\": -1", "optimizer_steps"),
      ("\"train\": 80", "\"train\": -80", "data_position.train"),
      ("\"num_iters\": 1", "\"num_iters\": -1", "lr_scheduler.num_iters"),
      ("\"scale\": 0.25", "\"scale\": -0.25", "loss_scale.scale"),
      ("\"last_overflow\": 4", "\"last_overflow\": 10", "loss_scale.last_overflow"),
    ])
  func impossible(found: String, changed: String, place: String) throws {
    let run = try Run("Adam")
    run.step()
    let path = try write(run) + "/state.json"
    let text = try String(contentsOfFile: path, encoding: .utf8)
    // With and without blanks, as the file may be written.
    let parts = [found, found.replacing(": ", with: ":")].filter { text.contains($0) }
    let part = try #require(parts.first, "\(text)")
    try folder.write("state.json", Array(text.replacing(part, with: changed).utf8))
    #expect {
      try CheckpointState(path: folder.file("state.json"))
    } throws: { "\($0)".contains("state.json: \(place): ") }
  }

  @Test("rotation keeps the last ones, the extra ones and what is not ours")
  func rotation() throws {
    let names = (1...6).map { "global_step\($0 * 10)" } + ["global_step7x", "other", "global_step"]
    for name in names {
      try FileManager.default.createDirectory(
        atPath: save + "/" + name + "/configs", withIntermediateDirectories: true)
    }
    let schedule = try SaveSchedule(
      scale: .linear, factor: 10, extraIterations: [20], keepLast: 2)
    let removed = try schedule.rotate(save + "/", latest: 60)
    #expect(removed == ["global_step10", "global_step30", "global_step40"])
    #expect(
      try FolderContents.names(save) == [
        "global_step", "global_step20", "global_step50", "global_step60", "global_step7x", "other",
      ])
    #expect(throws: TrainError.self) {
      try SaveSchedule(scale: .linear, factor: nil, extraIterations: [], keepLast: 0)
    }
  }

  @Test("when checkpoints are due")
  func due() throws {
    func set(_ scale: SaveSchedule.Scale, _ factor: Double?, _ extra: [Int] = []) throws -> [Int] {
      let schedule = try SaveSchedule(
        scale: scale, factor: factor, extraIterations: extra, keepLast: nil)
      return (0...100).filter(schedule.isDue)
    }
    #expect(try set(.linear, 20) == [20, 40, 60, 80, 100])
    #expect(try set(.log, 2) == [1, 2, 4, 8, 16, 32, 64])
    #expect(try set(.log, 1.5) == [1, 2, 3, 5, 7, 11, 17, 25, 38, 57, 86])
    #expect(try set(.linear, nil, [0, 7]) == [0, 7])
    #expect(throws: TrainError.self) { try set(.log, 1) }
    #expect(throws: TrainError.self) { try set(.linear, 2.5) }
  }
}
