import Machine
import TestSupport
import Testing
import Tokenize

@testable import Preprocess

@Suite("Training a tokenizer")
struct TrainTokenizerTests {
  /// Lines of JSON with seeded words, long enough for several work items' worth of merging.
  func documents(_ count: Int, seed: UInt64) -> [UInt8] {
    var generator = SeededGenerator(seed: seed)
    let syllables = ["ka", "lo", " mi", " the", "na\\u00efve", "\\n", " 12", "!", "ß", "界"]
    var text = ""
    for _ in 0..<count {
      let words = (0..<Int.random(in: 0...40, using: &generator)).map { _ in
        syllables[Int.random(in: 0..<syllables.count, using: &generator)]
      }
      text += "{\"text\": \"\(words.joined())\"}\n"
    }
    return Array(text.utf8)
  }

  func training(_ folder: TemporaryFolder, _ inputs: [String], size: Int = 400) throws
    -> VocabularyTraining
  {
    var settings = LearnSettings(vocabularySize: size)
    settings.specialTokens = ["<|endoftext|>", "<|padding|>"]
    return VocabularyTraining(
      inputs: try InputList(inputs), settings: settings, folder: folder.file("vocabulary"))
  }

  @Test("an input is never replaced")
  func inputStays() throws {
    let folder = try TemporaryFolder()
    let input = try folder.write("vocab.json", documents(30, seed: 3))
    let before = try folder.read("vocab.json")
    var settings = LearnSettings(vocabularySize: 300)
    settings.specialTokens = []
    var training = VocabularyTraining(
      inputs: try InputList([input]), settings: settings, folder: folder.path)
    training.overwrites = true
    #expect(throws: TrainTokenizerError.outputIsInput(folder.path + "/vocab.json")) {
      try training.run()
    }
    #expect(try folder.read("vocab.json") == before)
  }

  @Test("writes the same files for any number of threads")
  func threads() throws {
    let folder = try TemporaryFolder()
    let inputs = try (0..<6).map {
      try folder.write("\($0).jsonl", documents(300, seed: UInt64($0)))
    }
    var expected: [[UInt8]] = []
    for workers in [1, 2, 3, 8] {
      var training = try training(folder, inputs)
      training.workers = workers
      training.overwrites = workers > 1
      let outcome = try training.run()
      #expect(outcome.records == 1800)
      #expect(outcome.tokens == 400)
      #expect(outcome.merges == 400 - 258)
      let files = try VocabularyTraining.fileNames.map { try folder.read("vocabulary/\($0)") }
      if expected.isEmpty { expected = files }
      #expect(files == expected, "\(workers) workers")
    }
  }

  @Test(
    "learns from the prompts of the preference corpus what tokenizers 0.23.3 learns",
    .enabled(if: SharedMaterial.isPresent, "\(SharedMaterial.absent)"))
  func prompts() throws {
    let folder = try TemporaryFolder()
    let input = SharedMaterial.path("corpus/preferences.jsonl.zst")
    var training = try training(folder, [input], size: 5000)
    training.keys = ["prompt"]
    training.workers = 2
    _ = try training.run()
    let files = try folder.read("vocabulary/vocab.json") + folder.read("vocabulary/merges.txt")
    let sum = files.reduce(0xCBF2_9CE4_8422_2325 as UInt64) {
      ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01B3
    }
    #expect(sum == 0x67FA_0D79_55C5_7BB6)
  }

  @Test("counts what it read, and stops or passes over at a record that is no document")
  func faults() throws {
    let folder = try TemporaryFolder()
    let lines = "{\"text\":\"aa aa\"}\n{\"text\":\"\"}\n{\"title\":\"aa\"}\n{\"text\":\"aa\"}\n"
    let input = try folder.write("a.jsonl", Array(lines.utf8))
    var training = try training(folder, [input])
    let error = try #require(throws: TrainTokenizerError.self) { try training.run() }
    #expect("\(error)".hasPrefix("\(input):3:"), "\(error)")
    #expect(!DurableFile.exists(folder.file("vocabulary/merges.txt")))
    training.faults = .skip
    let outcome = try training.run()
    #expect(outcome.records == 4)
    #expect(outcome.empty == 1)
    #expect(outcome.skipped == 1)
    #expect(outcome.words == 3)
    #expect(outcome.distinctWords == 2)
    let merges = try folder.read("vocabulary/merges.txt")
    #expect(merges == Array("#version: 0.2\na a\n".utf8))
  }

  @Test("refuses what cannot work before it reads anything")
  func refusals() throws {
    let folder = try TemporaryFolder()
    let input = try folder.write("a.jsonl", documents(10, seed: 1))
    var small = try training(folder, [input], size: 257)
    #expect(throws: TrainTokenizerError.vocabularyTooSmall(size: 257, least: 258)) {
      try small.run()
    }
    small.settings.specialTokens = ["<|a|>", ""]
    #expect(throws: TrainTokenizerError.emptySpecialToken) { try small.run() }
    let training = try training(folder, [input])
    _ = try training.run()
    #expect(throws: TrainTokenizerError.exists(folder.file("vocabulary/vocab.json"))) {
      try training.run()
    }
  }

  @Test("refuses too many words, no text, and stops when asked to")
  func endings() throws {
    let folder = try TemporaryFolder()
    let input = try folder.write("a.jsonl", documents(100, seed: 1))
    for workers in [1, 3] {
      var limited = try training(folder, [input])
      limited.wordLimit = 5
      limited.workers = workers
      let error = try #require(throws: TrainTokenizerError.self) { try limited.run() }
      #expect("\(error)".contains("limit of 5"), "\(error)")
    }
    let blank = try folder.write("b.jsonl", Array("{\"text\":\"\"}\n".utf8))
    let nothing = try training(folder, [blank])
    #expect(throws: TrainTokenizerError.noText) { try nothing.run() }
    let stop = Interruption()
    stop.raise()
    let training = try training(folder, [input])
    #expect(throws: TrainTokenizerError.interrupted) { try training.run(interruption: stop) }
    #expect(!DurableFile.exists(folder.file("vocabulary/vocab.json")))
  }
}
