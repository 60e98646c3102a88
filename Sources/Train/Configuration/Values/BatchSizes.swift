/// How many samples an optimizer step has: global = micro × accumulation × processes.
package struct BatchSizes: Sendable, Equatable {
  /// `train_batch_size`: samples of one optimizer step over all processes.
  package let global: Int
  /// `train_micro_batch_size_per_gpu`: samples that go through the model at once.
  package let micro: Int
  /// `gradient_accumulation_steps`: micro batches of one optimizer step and process.
  package let accumulation: Int

  /// Sizes that do not fit together.
  package struct Fault: Error, Equatable {
    /// What is wrong, with the numbers and what can be done.
    package let reason: String
  }

  /// Finds the sizes that are not given (`NeoXArgs.calculate_batch_parameters`).
  ///
  /// A step count that is not given follows from the other two; alone, it counts as 1.
  package static func solve(
    global: Int?, micro: Int?, accumulation: Int?, processes: Int
  ) throws(Fault) -> BatchSizes {
    let named: [(String, Int?)] = [
      ("train_batch_size", global), ("train_micro_batch_size_per_gpu", micro),
      ("gradient_accumulation_steps", accumulation),
    ]
    for case (let name, let value?) in named where value < 1 {
      throw Fault(reason: "\(name) is \(value); it has to be at least 1")
    }
    let sizes: BatchSizes
    switch (global, micro) {
    case (let global?, let micro?):
      let steps = accumulation ?? global / micro / processes
      sizes = BatchSizes(global: global, micro: micro, accumulation: steps)
    case (let global?, nil):
      let steps = accumulation ?? 1
      sizes = BatchSizes(global: global, micro: global / processes / steps, accumulation: steps)
    case (nil, let micro?):
      let steps = accumulation ?? 1
      guard let product = product(micro, steps, processes) else {
        throw Fault(
          reason: "\(micro) × \(steps) × \(processes) samples are more than can be counted")
      }
      sizes = BatchSizes(global: product, micro: micro, accumulation: steps)
    case (nil, nil):
      throw Fault(
        reason: "train_micro_batch_size_per_gpu or train_batch_size has to be given")
    }
    guard product(sizes.micro, sizes.accumulation, processes) == sizes.global else {
      throw Fault(reason: sizes.contradiction(accumulation: accumulation, micro, processes))
    }
    return sizes
  }

  private static func product(_ a: Int, _ b: Int, _ c: Int) -> Int? {
    let (ab, overflow) = a.multipliedReportingOverflow(by: b)
    let (abc, overflow2) = ab.multipliedReportingOverflow(by: c)
    return overflow || overflow2 ? nil : abc
  }

  /// The equation with its numbers, and a change that would make it true.
  private func contradiction(accumulation given: Int?, _ micro: Int?, _ processes: Int) -> String {
    let result = Self.product(self.micro, accumulation, processes).map { " = \($0)" } ?? ""
    let equation =
      "train_batch_size = train_micro_batch_size_per_gpu × gradient_accumulation_steps × processes "
      + "does not hold: \(global) ≠ \(self.micro) × \(accumulation) × \(processes)\(result)"
    let part = (micro ?? given ?? 1).multipliedReportingOverflow(by: processes)
    guard !part.overflow, part.partialValue > 0 else { return equation }
    let (quotient, rest) = global.quotientAndRemainder(dividingBy: part.partialValue)
    guard rest == 0, quotient > 0 else {
      let near = max(1, quotient) * part.partialValue
      return equation
        + "; train_batch_size has to be a multiple of \(part.partialValue), such as \(near)"
    }
    return equation
      + (micro == nil
        ? "; leave gradient_accumulation_steps out"
        : "; set gradient_accumulation_steps to \(quotient), or leave it out")
  }
}
