import CommandLineKit
import IndexedData
import Machine
import Train

/// `neox-index batch`: what a run sees at a step.
struct BatchCommand: Command {
  var source = StepFlags()
  var step: Int?
  var microBatch: Int?
  var rank: Int?
  var output = BatchFlags()

  static let page = CommandPage(
    name: "batch", summary: "print what a run sees at a step",
    description: [
      """
      Prints the rows that enter the model at a step of a run, with the documents they come from. \
      Without --micro-step and --rank, all micro batches of all ranks are printed.
      """, StepFlags.countingNote, BatchFlags.textNote, BatchFlags.jsonNote, StepFlags.filesNote,
    ],
    examples: [
      .init("Step 1000 of a run:", "neox-index batch --config 125M.yml local.yml --step 1000"),
      .init(
        "What rank 3 of 8 had in its second micro batch, token by token:",
        "neox-index batch --config c.yml --step 1000 --world-size 8 --rank 3 --micro-step 2 "
          + "--labels"),
      .init(
        "The documents of a step, for a script:",
        "neox-index batch --config c.yml --step 7 --json | jq '.samples[].documents[]'"),
    ],
    exitStatus: StepFlags.exitStatus)

  static let groups: [ArgumentGroup<Self>] =
    StepFlags.groups.map { $0.lifted(to: \.source) } + [
      .init(
        "step",
        [
          .option(
            "--step", \.step, placeholder: "N", required: true, rule: .atLeast(1),
            "which step, counted from 1"),
          .option(
            "--micro-step", \.microBatch, placeholder: "M", shownDefault: "all",
            rule: .atLeast(1), "which micro batch of the step, counted from 1"),
          .option(
            "--rank", \.rank, placeholder: "R", shownDefault: "all", rule: .atLeast(0),
            "which data-parallel process, counted from 0"),
        ]), BatchFlags.group.lifted(to: \.output),
    ]

  func run() throws {
    guard let step else { return }
    try output.check()
    if let rank, rank >= source.run.worldSize {
      throw UsageError(
        "argument --rank: there is no rank \(rank) among \(source.run.worldSize); --world-size says how"
          + " many there are")
    }
    let (data, tokenizer) = try source.open()
    var microSteps = Array(try data.microSteps(of: step...step))
    if let microBatch {
      guard microBatch <= microSteps.count else {
        throw UsageError(
          "argument --micro-step: there is no micro batch \(microBatch) in a step of"
            + " \(microSteps.count), by gradient_accumulation_steps")
      }
      microSteps = [microSteps[microBatch - 1]]
    }
    for microStep in microSteps {
      for rank in rank.map({ [$0] }) ?? Array(0..<source.run.worldSize) {
        let view = try BatchView(data, microStep: microStep, rank: rank)
        try output.print(view, data, tokenizer)
      }
    }
    Interruption.listening { data.source.dataset.keepBlend() }
  }
}
