import Foundation
import TestSupport
import Testing

@testable import Train

@Suite("Safetensors")
struct SafetensorsTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  static func file(_ header: String, _ data: [UInt8] = []) -> [UInt8] {
    let count = UInt64(header.utf8.count)
    return (0..<8).map { UInt8(truncatingIfNeeded: count >> (8 * $0)) } + Array(header.utf8) + data
  }

  /// Why a file cannot be read; `nil` where all its numbers were.
  static func problem(reading path: String) -> String? {
    do throws(TrainError) {
      let file = try SafetensorsFile(path: path)
      for entry in file.entries where entry.type.isReadableAsFloat {
        guard try file.floats(entry).count == entry.count else { return "numbers are missing" }
      }
      return nil
    } catch { return error.description }
  }

  @Test("what is written is read", arguments: [SafetensorsType.float32, .bfloat16, .float16])
  func roundTrip(type: SafetensorsType) throws {
    let numbers: [Float] = [0, -0.0, 1, -2.5, 1.5e-5, .infinity, 6.0e-8, 0.25, 2, 3, 4, 5]
    let path = folder.file("x.safetensors")
    let seal = try SafetensorsWriter.write(
      path, metadata: [("format", "pt")],
      [
        SafetensorsSource(name: "a", shape: [3, 4], numbers, as: type),
        SafetensorsSource(name: "empty", shape: [0, 7], []),
        SafetensorsSource(name: "b.\"é\"", shape: [1], [7]),
      ])
    #expect(try FileSeal(ofFile: path) == seal)
    let file = try SafetensorsFile(path: path)
    #expect(file.metadata == ["format": "pt"])
    #expect(file.entries.map(\.name) == ["a", "empty", "b.\"é\""])
    let entry = try #require(file["a"])
    #expect(entry.shape == [3, 4] && entry.type == type && entry.bytes.lowerBound % 8 == 0)
    for (found, wanted) in zip(try file.floats(entry), numbers) {
      let isClose =
        found == wanted || abs(found - wanted) <= abs(wanted) * (type == .float16 ? 0.01 : 0.004)
      #expect(isClose, "\(found) \(wanted)")
    }
    #expect(try file.floats(#require(file["b.\"é\""])) == [7])
    #expect(file["c"] == nil)
  }

  @Test("every half-precision number survives")
  func halves() {
    let all = Array(UInt16.min...UInt16.max)
    for (type, infinity) in [(ScalarType.float16, 0x7C00 as UInt16), (.bfloat16, 0x7F80)] {
      var numbers = [Float](repeating: 0, count: all.count)
      numbers.withUnsafeMutableBufferPointer {
        NarrowNumbers.widen(all.span.bytes, of: type, into: $0)
      }
      let back = NarrowNumbers.bits(numbers[...], as: type)
      let changed = all.indices.filter { index in
        let isNaN = all[index] & 0x7FFF > infinity
        return numbers[index].isNaN != isNaN || (!isNaN && back[index] != all[index])
      }
      #expect(changed.isEmpty)
    }
    #expect(
      NarrowNumbers.bits([65519, 65520, 1 + 0x1p-11, 1 + 0x1.8p-10], as: .float16)
        == [0x7BFF, 0x7C00, 0x3C00, 0x3C02])
    #expect(
      NarrowNumbers.bits(
        [Float(bitPattern: 0x3F80_8000), Float(bitPattern: 0x3F81_8000)], as: .bfloat16)
        == [0x3F80, 0x3F82])
  }

  @Test(
    "headers that lie are refused with the place",
    arguments: [
      ("{", "header"),
      ("[]", "not a JSON object"),
      (#"{"a":1}"#, "tensor a: it has no dtype"),
      (#"{"a":{"dtype":"F31","shape":[1],"data_offsets":[0,4]}}"#, "F31"),
      (#"{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}"#, "no count"),
      (#"{"a":{"dtype":"F32","shape":[1.5],"data_offsets":[0,4]}}"#, "no count"),
      (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}"#, "takes 8 bytes"),
      (#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}"#, "begin and an end"),
      (#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#, "begins at"),
      (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#, "cut off"),
      (#"{"a":{"dtype":"F32","shape":[],"data_offsets":[0,4]},"a":{}}"#, "twice"),
      (
        #"{"a":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,0]}}"#,
        "too large"
      ),
      (
        #"{"a":{"dtype":"U8","shape":[9223372036854775807],"data_offsets":[0,9223372036854775807]}}"#,
        "too large"
      ),
      (#"{"__metadata__":{"a":1}}"#, "strings"),
      ("{}", "something follows"),
    ])
  func liars(header: String, message: String) throws {
    let path = try folder.write("x", Self.file(header, [0, 0, 0, 0]))
    #expect {
      try SafetensorsFile(path: path)
    } throws: {
      "\($0)".hasPrefix(path) && "\($0)".contains(message)
    }
  }

  @Test("a length beyond the file is refused")
  func lengths() throws {
    for bytes in [
      [], [1, 2, 3], [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7B],
      [9, 0, 0, 0, 0, 0, 0, 0, 0x7B],
    ]
      as [[UInt8]]
    {
      let path = try folder.write("x", bytes)
      #expect(throws: TrainError.self) { try SafetensorsFile(path: path) }
    }
    #expect(throws: TrainError.self) { try SafetensorsFile(path: folder.file("absent")) }
  }

  @Test("a damaged file throws or is read, but never traps")
  func fuzz() throws {
    let whole = folder.file("x.safetensors")
    _ = try SafetensorsWriter.write(
      whole, metadata: [("a", "b")],
      [
        SafetensorsSource(name: "a", shape: [2, 2], [1, 2, 3, 4]),
        SafetensorsSource(name: "b", shape: [3], [5, 6, 7], as: .float16),
      ])
    let bytes = try folder.read("x.safetensors")
    let seed: UInt64 = 77
    var generator = SeededGenerator(seed: seed)
    var refused = 0
    for _ in 0..<400 {
      var damaged = bytes
      if Int.random(in: 0..<4, using: &generator) == 0 {
        damaged.removeLast(Int.random(in: 1...bytes.count, using: &generator))
      }
      for _ in 0..<Int.random(in: 0...3, using: &generator) where !damaged.isEmpty {
        let place = Int.random(in: 0..<damaged.count, using: &generator)
        damaged[place] =
          Bool.random(using: &generator)
          ? UInt8.random(in: 0...255, using: &generator)
          : damaged[Int.random(in: 0..<damaged.count, using: &generator)]
      }
      let path = try folder.write("y", damaged)
      if let problem = Self.problem(reading: path) {
        #expect(problem.hasPrefix(path), "seed \(seed)")
        refused += 1
      }
    }
    #expect(refused > 150, "seed \(seed)")
  }

  @Test(
    "a recorded file is read",
    .enabled(if: SharedMaterial.isPresent, Comment(rawValue: SharedMaterial.absent)))
  func recorded() throws {
    let file = try SafetensorsFile(
      path: SharedMaterial.path("golden/caseA_small/weights_initial.safetensors"))
    let entry = try #require(file["sequential.0.word_embeddings.weight"])
    #expect(entry.shape == [512, 64])
    #expect(try file.floats(entry).allSatisfy { abs($0) < 1 })
  }
}
