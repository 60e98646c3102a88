import Machine
import TestSupport
import Testing
import Tokenize

@testable import Preprocess

@Suite("Ends of runs")
struct RunEndingTests {
  let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
  }

  private func run(
    _ prefix: String, _ interruption: Interruption = Interruption(),
    note: (String) -> Void = { _ in }, report: (PreprocessRun.Progress) -> Void = { _ in }
  ) throws -> PreprocessRun.Ending {
    var recipe = Recipe(
      inputs: [folder.file("i.jsonl")], tokenizer: TokenizerChoice(kind: .characterLevel),
      outputPrefix: folder.file(prefix))
    recipe.errorPolicy = .skip
    return try PreprocessRun(recipe, RunSettings(workers: 1)).run(
      interruption: interruption, note: note, report: report)
  }

  @Test("a wish to stop while inputs are hashed keeps the work")
  func stopsHashing() throws {
    try folder.write("i.jsonl", Array("{\"text\":\"a\"}\n{broken\n{\"text\":\"b\"}\n".utf8))
    _ = try run("w")
    let interruption = Interruption()
    // The note on what was passed over comes when all is read and nothing hashed.
    do {
      _ = try run("o", interruption) { _ in interruption.raise() }
      Issue.record("it went on")
    } catch PipelineError.suspended(_, let isSaved) {
      #expect(isSaved)
    }
    interruption.clear()
    var notes: [String] = []
    var start: PreprocessRun.Progress?
    _ = try run(
      "o", interruption, note: { notes.append($0) }, report: { start = start ?? $0 })
    // Speed counts from what was done before.
    #expect(
      start?.bytes == start?.totalBytes && start?.totalBytes == 34, "\(String(describing: start))")
    #expect(notes.first?.contains("documents written before: 2") == true, "\(notes)")
    for end in ["bin", "idx"] {
      #expect(try folder.read("o_text_document.\(end)") == folder.read("w_text_document.\(end)"))
    }
  }

  @Test("a long text goes on in its middle, and a note tells where")
  func resumesInsideText() throws {
    try folder.write("i.txt", Array(String(repeating: "a few words ", count: 1 << 18).utf8))
    let run = { (prefix: String, interruption: Interruption, note: (String) -> Void) throws in
      let recipe = Recipe(
        inputs: [folder.file("i.txt")], tokenizer: TokenizerChoice(kind: .characterLevel),
        outputPrefix: folder.file(prefix))
      var reports = 0
      _ = try PreprocessRun(recipe, RunSettings(workers: 1)).run(
        interruption: interruption, note: note
      ) { _ in
        // The first one comes before any work.
        reports += 1
        if reports == 2 { interruption.raise() }
      }
    }
    let interruption = Interruption()
    var notes: [String] = []
    var runs = 0
    while !DurableFile.exists(folder.file("o_text_document.idx")), runs < 100 {
      interruption.clear()
      do { try run("o", interruption) { notes.append($0) } } catch PipelineError.suspended {}
      runs += 1
    }
    #expect(runs > 1)
    #expect(
      notes.contains {
        $0.contains("byte 0 of its content, in the document that begins there, behind byte ")
      }, "\(notes)")
    let all = try folder.read("o_text_document.bin")
    #expect(all.count == 2 * 12 << 18)
  }

  @Test("labels of other sizes than their text end no run")
  func otherSizes() throws {
    try folder.write("i.jsonl", Array("{\"text\":\"aAb\"}\n{broken\n{\"text\":\"Acd e\"}\n".utf8))
    let make = { (interruption: Interruption, isStopped: Bool) throws in
      var recipe = Recipe(
        inputs: [folder.file("i.jsonl")], tokenizer: TokenizerChoice(kind: .characterLevel),
        outputPrefix: folder.file("m"))
      recipe.errorPolicy = .skip
      recipe.supervision = .afterTokens([65])
      _ = try PreprocessRun(recipe, RunSettings(workers: 1)).run(
        interruption: interruption, note: { _ in if isStopped { interruption.raise() } },
        report: { _ in })
    }
    #expect(throws: PipelineError.self) { try make(Interruption(), true) }
    // The same sizes in another order, which no count tells.
    let name = "m_label_document.sizes.partial"
    let sizes = try folder.read(name)
    #expect(sizes.count == 8 && sizes[0] == 3 && sizes[4] == 5)
    try folder.write(name, Array(sizes[4...] + sizes[..<4]))
    do {
      try make(Interruption(), false)
      Issue.record("it ended")
    } catch PipelineError.dataset(.unequalShapes(_, _, let what, _, _)) {
      #expect(what == "size of sequence 0")
    }
  }
}
