import Testing

@testable import Train

@Suite("Dropout")
struct DropoutTests {
  private func drop(_ count: Int, rate: Float, key: UInt64, threads: Int) throws -> [Float] {
    let bench = OperationBench(threads: threads)
    let ones = try bench.tensor([Float](repeating: 1, count: count), [count])
    let dropout = try #require(Dropout(rate: rate, key: key))
    bench.engine.dropout(ones, dropout, into: ones)
    return bench.engine.numbers(of: ones)
  }

  @Test(
    "the share that is dropped is the rate, and the rest makes up for it", arguments: [0.1, 0.5])
  func rate(rate: Double) throws {
    let count = 100_000
    let numbers = try drop(count, rate: Float(rate), key: 5, threads: 2)
    let dropped = Double(numbers.count { $0 == 0 }) / Double(count)
    #expect(abs(dropped - rate) < 5 * (rate * (1 - rate) / Double(count)).squareRoot())
    #expect(numbers.allSatisfy { $0 == 0 || $0 == 1 / (1 - Float(rate)) })
  }

  @Test("a choice depends on the key, and not on the threads")
  func choice() throws {
    let numbers = try drop(50_001, rate: 0.3, key: 1, threads: 1)
    #expect(try drop(50_001, rate: 0.3, key: 1, threads: 3) == numbers)
    #expect(try drop(50_001, rate: 0.3, key: 2, threads: 1) != numbers)
    #expect(Dropout(rate: 0, key: 1) == nil)
  }

  @Test("a residual is added to what is kept")
  func residual() throws {
    let bench = OperationBench(seed: 9)
    let count = 1000
    let (x, y) = (bench.random(count), bench.random(count))
    let dropout = Dropout(rate: 0.25, key: 3)
    let (first, second) = (try bench.tensor(x, [count]), try bench.tensor(y, [count]))
    let (sum, kept) = (try bench.zeros([count]), try bench.zeros([count]))
    bench.engine.addResidual(first, second, dropout: dropout, into: sum)
    bench.engine.dropout(second, try #require(dropout), into: kept)
    let expected = zip(x, bench.engine.numbers(of: kept)).map { $0 + $1 }
    #expect(bench.engine.numbers(of: sum) == expected)
  }
}
