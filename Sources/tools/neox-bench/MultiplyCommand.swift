import CommandLineKit
import Machine
import Train

/// `neox-bench multiply`: how fast matrices are multiplied, the most that training can reach.
struct MultiplyCommand: Command {
  var precision = MultiplyPrecision.fp32
  var threads = WorkerPool.processorCount

  static let page = CommandPage(
    name: "multiply", summary: "measure how fast matrices are multiplied",
    description: [
      """
      Multiplies square matrices of 1,024 rows a few times, as training multiplies, and prints a \
      JSON object with the operations a second of the fastest time; a product and a sum count two.
      """
    ],
    examples: [.init("In bfloat16:", "neox-bench multiply --precision bf16")])

  static let groups: [ArgumentGroup<Self>] = [
    .init(
      "measuring",
      [
        .option("--precision", \.precision, "the type of the factors"),
        .option(
          "--threads", \.threads, placeholder: "N", shownDefault: "one a processor",
          rule: .workers, "threads that compute"),
      ])
  ]

  func run() throws {
    let rate = try MatrixPeak.measure(precision.type, threads: threads)
    StandardOutput.shared.line(
      "{\"precision\":\"\(precision.rawValue)\",\"threads\":\(threads),"
        + "\"operations_per_second\":\(rate)}")
  }
}

/// The types of factors, by GPT-NeoX's names.
enum MultiplyPrecision: String, CaseIterable, ArgumentValue {
  case fp32
  case bf16

  var type: ScalarType { self == .fp32 ? .float32 : .bfloat16 }
}
