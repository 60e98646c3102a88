import Foundation
import TestSupport
import Testing

@testable import Train

/// Text that the reference wrote.
@Suite(
  "Recorded text",
  .enabled(if: SharedMaterial.isPresent, Comment(rawValue: SharedMaterial.absent)))
struct RecordedTextTests {
  @Test("the likeliest tokens are the reference's", arguments: [true, false])
  func greedy(recomputes: Bool) throws {
    let folder = SharedMaterial.path("golden/textgen")
    let configuration = try TrainingConfiguration(
      ConfigurationRequest(
        files: [folder + "/config_precompute.yml"], settings: ["recompute=\(recomputes)"],
        pathBase: folder))
    let generation = configuration.generation
    let generator = try TextGenerator(TrainedModel(configuration, threads: 2))
    let file = try #require(generation.inputFile)
    let prompts = generation.prompts(in: try String(contentsOfFile: file, encoding: .utf8))
    let lines = try String(
      contentsOfFile: folder + "/greedy_recompute.jsonl", encoding: .utf8
    ).split(separator: "\n")
    #expect(prompts.count == 4 && lines.count == 4)
    for (prompt, line) in zip(prompts, lines) {
      let wanted = try Self.members(Data(line.utf8))
      let found = try Self.members(
        Data(generator.text(after: prompt, number: 0).json.bytes()))
      #expect(found == wanted)
    }
  }

  /// The members of a record but for the time it took, as text.
  private static func members(_ line: Data) throws -> [String: String] {
    let object = try JSONSerialization.jsonObject(with: line) as? [String: Any] ?? [:]
    return object.filter { $0.key != "duration_seconds" }.mapValues { "\($0)" }
  }
}
