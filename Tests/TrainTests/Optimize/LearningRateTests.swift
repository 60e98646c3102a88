import Foundation
import TestSupport
import Testing

@testable import Train

@Suite("Learning rates")
struct LearningRateTests {
  static let counts = [0, 1, 5, 10, 11, 250, 500, 999, 1000, 1500]

  @Test(
    "the reference's values",
    arguments: [
      (
        LearningRateSchedule.Style.cosine,
        [
          6e-5, 6e-5, 3e-4, 6e-4, 5.999986406e-4, 5.254081903e-4, 3.342838102e-4,
          6.000135945e-5, 6e-5, 3.342838102e-4,
        ]
      ),
      (
        .linear,
        [
          6e-5, 6e-5, 3e-4, 6e-4, 5.993939394e-4, 4.545454545e-4, 3.03030303e-4, 6e-5, 6e-5,
          6e-5,
        ]
      ),
      (
        .exponential,
        [
          6e-5, 6e-5, 3e-4, 6e-4, 5.99580147e-4, 5.072123008e-4, 4.257829269e-4, 3.002542619e-4,
          3.000441574e-4, 2.114375441e-4,
        ]
      ),
      (.constant, [6e-5, 6e-5, 3e-4, 6e-4, 6e-4, 6e-4, 6e-4, 6e-4, 6e-4, 6e-4]),
    ])
  func vectors(style: LearningRateSchedule.Style, wanted: [Double]) {
    let annealing = Annealing(
      style: style, start: 6e-4, minimum: 6e-5, warmup: 0.01, endStep: 1000, neoxQuirks: true)
    for (count, value) in zip(Self.counts, wanted) {
      #expect(abs(annealing.rate(after: count) / value - 1) < 1e-9, "\(style) \(count)")
    }
  }

  @Test("a cosine does not rise behind its end, and a short warm-up does not overshoot")
  func fixes() {
    var annealing = Annealing(
      style: .cosine, start: 6e-4, minimum: 6e-5, warmup: 0.01, endStep: 1000)
    #expect(annealing.rate(after: 1500) == 6e-5)
    annealing = Annealing(style: .cosine, start: 1, warmup: 0.01, endStep: 20)
    #expect(annealing.rate(after: 0) == 1)
    annealing.neoxQuirks = true
    #expect(annealing.rate(after: 0) == 5)
  }

  @Test("a warm-up of the whole run ends at the lowest rate")
  func wholeWarmup() {
    let annealing = Annealing(style: .linear, start: 1, minimum: 0.1, warmup: 1, endStep: 10)
    #expect(annealing.rate(after: 10) == 1)
    #expect(annealing.rate(after: 11) == 0.1)
  }

  @Test("the schedule of OneBitAdam")
  func warmupDecay() {
    let decay = WarmupDecay(start: 1, warmup: 0.1, trainSteps: 100)
    let wanted = [
      (0, 0.0), (1, 0), (2, 0.30103), (3, 0.477121), (6, 0.778151), (10, 1), (11, 1),
      (51, 0.555556), (101, 0),
    ]
    for (taken, value) in wanted { #expect(abs(decay.rate(after: taken) - value) < 1e-6) }
  }

  @Test("how long a decay lasts")
  func decaySteps() {
    #expect(
      LearningRateSchedule.decaySteps(trainSteps: 10, decaySteps: nil, decayFraction: nil) == 10)
    #expect(
      LearningRateSchedule.decaySteps(trainSteps: 10, decaySteps: nil, decayFraction: 0.25) == 2)
    #expect(
      LearningRateSchedule.decaySteps(trainSteps: 10, decaySteps: 7, decayFraction: 0.25) == 7)
    #expect(
      LearningRateSchedule.decaySteps(trainSteps: 10, decaySteps: nil, decayFraction: 0.01) == 1)
  }

  @Test(
    "every recorded schedule, bit for bit",
    .enabled(if: SharedMaterial.isPresent, Comment(rawValue: SharedMaterial.absent)))
  func recorded() throws {
    // JSONSerialization rounds numbers wrongly.
    struct Table: Decodable {
      var style: String
      var startLr: Double
      var minLr: Double
      var warmup: Double
      var warmupIter: Double
      var totalIters: Int
      var lrAtNumIters012: [Double]
    }
    let data = try Data(
      contentsOf: URL(filePath: SharedMaterial.path("golden/tables/lr_schedules.json")))
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    let tables = try decoder.decode([Table].self, from: data)
    #expect(tables.count == 24)
    for table in tables {
      let annealing = Annealing(
        style: try #require(LearningRateSchedule.Style(rawValue: table.style)),
        start: table.startLr, minimum: table.minLr, warmup: table.warmup,
        endStep: table.totalIters, neoxQuirks: true)
      #expect(annealing.warmupSteps == table.warmupIter)
      for (count, rate) in table.lrAtNumIters012.enumerated() {
        #expect(annealing.rate(after: count) == rate, "\(annealing) \(count)")
      }
    }
  }

  @Test("a resumed schedule has to be the stored one, unless told otherwise")
  func resume() throws {
    let stored = Annealing(style: .cosine, start: 1, warmup: 0.1, endStep: 100)
    var other = stored
    other.minimum = 0.5
    var before = LearningRateScheduler(.annealing(stored))
    for _ in 0..<7 { before.advance() }
    var after = LearningRateScheduler(.annealing(other))
    #expect {
      try after.resume(before, prefer: .equal, path: "x")
    } throws: {
      "\($0)".contains("minimum learning rate is 0.0 there and 0.5 here")
    }
    try after.resume(before, prefer: .configured, path: "x")
    #expect(after.schedule == .annealing(other) && after.stepCount == 7)
    try after.resume(before, prefer: .stored, path: "x")
    #expect(after == before)
    #expect(throws: TrainError.self) {
      try LearningRateScheduler.Preference(
        overrideLRScheduler: true, useCheckpointLRScheduler: true)
    }
  }
}
