import Foundation
import TestSupport
import Testing

@testable import Train

@Suite("Loss scales")
struct LossScalerTests {
  static func settings(window: Int, power: Int = 16, hysteresis: Int = 2) -> LossScaler.Settings {
    var settings = LossScaler.Settings()
    settings.window = window
    settings.initialScalePower = power
    settings.hysteresis = hysteresis
    return settings
  }

  /// The scales after each step; `o` is an overflow.
  static func trace(_ scaler: LossScaler, _ steps: String) throws -> [Double] {
    var scaler = scaler
    return try steps.map { step in
      try scaler.update(overflow: step == "o")
      return scaler.scale
    }
  }

  @Test("the traces of both rules")
  func traces() throws {
    let steps = "ooo......o......"
    #expect(
      try Self.trace(LossScaler(Self.settings(window: 4), wrapper: .fp16Fused), steps) == [
        32768, 16384, 8192, 8192, 8192, 8192, 8192, 16384, 16384, 8192, 8192, 8192, 8192, 8192,
        16384, 16384,
      ])
    #expect(
      try Self.trace(LossScaler(Self.settings(window: 4), wrapper: .zero), steps) == [
        65536, 32768, 16384, 16384, 16384, 16384, 32768, 32768, 32768, 32768, 32768, 32768, 32768,
        65536, 65536, 65536,
      ])
    let clean = String(repeating: ".", count: 9)
    #expect(
      try Self.trace(LossScaler(Self.settings(window: 4, power: 0), wrapper: .fp16Unfused), clean)
        == [1, 1, 1, 1, 2, 2, 2, 2, 4])
    #expect(
      try Self.trace(LossScaler(Self.settings(window: 4, power: 0), wrapper: .zero), clean)
        == [1, 1, 1, 2, 2, 2, 2, 4, 4])
  }

  @Test("the defaults of an empty dictionary")
  func defaults() throws {
    let empty = LossScaler.Settings()
    let fused = try LossScaler(empty, wrapper: .fp16Fused)
    #expect(fused.scale == 65536 && fused.rule == .plain(window: 1000, minimum: 1))
    let unfused = try LossScaler(empty, wrapper: .fp16Unfused)
    #expect(unfused.rule == .plain(window: 1000, minimum: 0.25))
    let zero = try LossScaler(empty, wrapper: .zero)
    #expect(zero.scale == 65536)
    #expect(
      zero.rule == .patient(window: 1000, minimum: 1, hysteresis: 1, isConsecutive: false))
    #expect(try LossScaler(empty, wrapper: .zero, neoxQuirks: true).scale == 4_294_967_296)
  }

  @Test("a fixed scale stays, and bad settings are refused")
  func fixed() throws {
    var settings = LossScaler.Settings()
    settings.lossScale = 128
    #expect(
      try Self.trace(LossScaler(settings, wrapper: .fp16Fused), "oo..") == [128, 128, 128, 128])
    settings.lossScale = -1
    #expect(throws: TrainError.self) { try LossScaler(settings, wrapper: .fp16Fused) }
    #expect(throws: TrainError.self) {
      try LossScaler(Self.settings(window: 0), wrapper: .fp16Fused)
    }
  }

  @Test("ZeRO's rule ends at the lowest scale; the other stays there")
  func lowest() throws {
    let settings = Self.settings(window: 4, power: 1, hysteresis: 1)
    #expect(throws: TrainError.self) {
      try Self.trace(LossScaler(settings, wrapper: .zero), "oo")
    }
    #expect(try Self.trace(LossScaler(settings, wrapper: .fp16Fused), "ooo") == [1, 1, 1])
  }

  @Test(
    "the scale of a recorded run",
    .enabled(if: SharedMaterial.isPresent, Comment(rawValue: SharedMaterial.absent)))
  func recorded() throws {
    let data = try Data(
      contentsOf: URL(filePath: SharedMaterial.path("golden/extra_fp16/log.json")))
    let log = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
    let steps = try #require(log["steps"] as? [[String: Any]])
    var scaler = try LossScaler(Self.settings(window: 4, power: 24), wrapper: .fp16Fused)
    #expect(steps.count == 20)
    for step in steps {
      try scaler.update(overflow: step["skipped"] as? Int == 1)
      #expect(scaler.scale == step["loss_scale"] as? Double)
    }
  }
}
