import Testing

@testable import Train

@Suite("Batch sizes")
struct BatchSizeTests {
  struct Case: CustomTestStringConvertible {
    let global, micro, accumulation: Int?
    let expected: (Int, Int, Int)
    var processes = 8
    var testDescription: String { "\(expected)" }
  }

  @Test(
    "what is not given follows from the rest",
    arguments: [
      Case(global: nil, micro: 4, accumulation: nil, expected: (32, 4, 1)),
      Case(global: 64, micro: nil, accumulation: nil, expected: (64, 8, 1)),
      Case(global: 64, micro: 4, accumulation: nil, expected: (64, 4, 2)),
      Case(global: 64, micro: nil, accumulation: 2, expected: (64, 4, 2)),
      Case(global: nil, micro: 4, accumulation: nil, expected: (8, 4, 1), processes: 2),
      Case(global: nil, micro: 4, accumulation: 3, expected: (12, 4, 3), processes: 1),
      Case(global: 64, micro: 4, accumulation: 16, expected: (64, 4, 16), processes: 1),
    ])
  func solved(given: Case) throws {
    let sizes = try BatchSizes.solve(
      global: given.global, micro: given.micro, accumulation: given.accumulation,
      processes: given.processes)
    let (global, micro, accumulation) = given.expected
    #expect(sizes == BatchSizes(global: global, micro: micro, accumulation: accumulation))
  }

  private func reason(_ global: Int?, _ micro: Int?, _ steps: Int?, _ processes: Int) -> String {
    do throws(BatchSizes.Fault) {
      let sizes = try BatchSizes.solve(
        global: global, micro: micro, accumulation: steps, processes: processes)
      return "solved: \(sizes)"
    } catch {
      return error.reason
    }
  }

  @Test("a contradiction shows the equation and a way out")
  func contradictions() {
    #expect(reason(63, nil, 2, 8).contains("63 ≠ 3 × 2 × 8 = 48"))
    #expect(
      reason(64, 4, 1, 8).contains("64 ≠ 4 × 1 × 8 = 32; set gradient_accumulation_steps to 2"))
    #expect(reason(64, 7, nil, 1).contains("multiple of 7, such as 63"))
    #expect(reason(2, 4, nil, 1).contains("multiple of 4, such as 4"))
    #expect(reason(4, nil, nil, 8).contains("multiple of 8, such as 8"))
  }

  @Test("sizes below 1, and none at all, are refused")
  func impossible() {
    #expect(
      reason(nil, 0, nil, 8) == "train_micro_batch_size_per_gpu is 0; it has to be at least 1")
    #expect(reason(-4, nil, nil, 1) == "train_batch_size is -4; it has to be at least 1")
    #expect(reason(8, 4, 0, 1) == "gradient_accumulation_steps is 0; it has to be at least 1")
    #expect(reason(nil, nil, 4, 1).contains("has to be given"))
    #expect(reason(nil, .max, 2, 1).contains("more than can be counted"))
    #expect(reason(.max, .max, 3, 7).contains("does not hold"))
  }

  @Test("a contradiction is reported at the first of the keys")
  func reported() throws {
    let problems = try ConfigurationFixture.problems(
      "train_batch_size: 64\ngradient_accumulation_steps: 1")
    #expect(problems.count == 1)
    #expect(problems[0].hasPrefix("c.yml:9: batch size: train_batch_size = "))
    #expect(problems[0].contains("64 ≠ 4 × 1 × 1 = 4; set gradient_accumulation_steps to 16"))
    let derived = try ConfigurationFixture.configuration(
      "train_batch_size: 64\ngradient_accumulation_steps: null")
    #expect(derived.batch.accumulation == 16)
  }
}
