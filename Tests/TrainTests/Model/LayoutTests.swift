import Foundation
import Testing

@testable import Train

@Suite("Widths, tables and beginnings")
struct LayoutTests {
  @Test("buckets of distances")
  func buckets() {
    let buckets = PositionTables.relativeBuckets(distances: 501, buckets: 32, maximum: 128)
    let distances = [0, 15, 16, 17, 20, 31, 32, 64, 100, 127, 128, 500]
    #expect(distances.map { buckets[$0] } == [0, 15, 16, 16, 17, 21, 21, 26, 30, 31, 31, 31])
  }

  @Test("slopes of ALiBi")
  func slopes() {
    let eight = (1...8).map { Float(pow(2.0, -Double($0))) }
    #expect(relativeDifference(PositionTables.alibiSlopes(heads: 8), eight) < 1e-6)
    let twelve = eight + [0.70710678, 0.35355339, 0.1767767, 0.08838835]
    #expect(relativeDifference(PositionTables.alibiSlopes(heads: 12), twelve) < 1e-6)
  }

  private func initialized(
    _ scheme: InitializationScheme, threads: Int = 2, seed: UInt64 = 5
  ) throws -> [String: [Float]] {
    var settings = ModelSettings(
      layerCount: 12, hiddenSize: 96, headCount: 4, vocabularySize: 320, sequenceLength: 8)
    settings.initialization = scheme
    settings.outputInitialization = scheme
    let engine = CPUEngine(threads: threads)
    let model = try GPTNeoX(settings, engine: engine)
    model.parameters.initialize(seed: seed)
    return Dictionary(
      uniqueKeysWithValues: zip(
        model.parameters.parameters.map(\.name), model.parameters.masters.map(engine.numbers)))
  }

  static let deviations: [InitializationScheme: Double] = [
    .normal: 0.02,
    .scaledNormal: 0.02 / Double(24).squareRoot(),
    .singleResidualScaledNormal: 0.02 / Double(12).squareRoot(),
    .smallInit: Double(2.0 / 480).squareRoot(),
    .wangInit: 2.0 / (12 * Double(96).squareRoot()),
    .xavierNormal: Double(2.0 / 480).squareRoot(),
    .xavierUniform: Double(2.0 / 480).squareRoot(),
  ]

  @Test(
    "the spread of first numbers", arguments: deviations.keys.sorted { $0.rawValue < $1.rawValue })
  func spread(scheme: InitializationScheme) throws {
    let deviation = try #require(Self.deviations[scheme])
    let weights = try initialized(scheme)
    let numbers = try #require(weights["sequential.4.mlp.linear1.weight"])
    let count = Double(numbers.count)
    let mean = numbers.reduce(0.0) { $0 + Double($1) } / count
    let variance = numbers.reduce(0.0) { $0 + Double($1) * Double($1) } / count
    #expect(abs(mean) < 5 * deviation / count.squareRoot())
    #expect(abs(variance.squareRoot() / deviation - 1) < 0.03)
    let other = try #require(weights["sequential.5.mlp.linear1.weight"])
    #expect(other != numbers)
    #expect(weights["sequential.4.mlp.linear1.bias"]?.allSatisfy { $0 == 0 } == true)
    #expect(weights["sequential.4.input_layernorm.weight"]?.allSatisfy { $0 == 1 } == true)
  }

  @Test("first numbers depend on the seed, and not on the threads")
  func seeds() throws {
    let weights = try initialized(.normal)
    #expect(try initialized(.normal, threads: 1) == weights)
    #expect(try initialized(.normal, seed: 6) != weights)
  }

  @Test(
    "orthogonal matrices",
    arguments: [
      (InitializationScheme.orthogonal, 2.0), (.scaledOrthogonal, 2.0 / 12),
    ])
  func orthogonal(scheme: InitializationScheme, square: Double) throws {
    let weights = try initialized(scheme)
    let numbers = try #require(weights["sequential.2.mlp.linear2.weight"])
    // [96, 384]: rows are orthogonal.
    for (first, second) in [(0, 0), (0, 1), (17, 90), (95, 95)] {
      let product = (0..<384).reduce(0.0) {
        $0 + Double(numbers[first * 384 + $1]) * Double(numbers[second * 384 + $1])
      }
      #expect(abs(product - (first == second ? square : 0)) < 1e-5)
    }
    // [384, 96]: columns are.
    let tall = try #require(weights["sequential.2.mlp.linear1.weight"])
    for (first, second) in [(0, 0), (0, 1), (17, 90)] {
      let product = (0..<384).reduce(0.0) {
        $0 + Double(tall[$1 * 96 + first]) * Double(tall[$1 * 96 + second])
      }
      #expect(abs(product - (first == second ? square : 0)) < 1e-5)
    }
  }
}
