import TestSupport
import Testing

@testable import IndexedData

@Suite("NumPy files")
struct NumPyFileTests {
  let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
  }

  @Test(
    "headers are NumPy's", arguments: [([10], "(10,)"), ([3, 2], "(3, 2)"), ([0, 2], "(0, 2)")])
  func header(shape: [Int], text: String) throws {
    let bytes = NumPyHeader(type: .int32, shape: shape).bytes
    let dictionary = "{'descr': '<i4', 'fortran_order': False, 'shape': \(text), }"
    #expect(bytes.count == 128)
    #expect(Array(bytes.prefix(10)) == [0x93, 0x4E, 0x55, 0x4D, 0x50, 0x59, 1, 0, 0x76, 0])
    #expect(String(decoding: bytes[10...], as: UTF8.self).hasPrefix(dictionary))
    #expect(bytes.last == 0x0A)
    #expect(bytes[(10 + dictionary.utf8.count)..<127].allSatisfy { $0 == 0x20 })
  }

  @Test("what was written is read")
  func roundTrip() throws {
    let numbers: [Int64] = [0, -1, .max, .min, 5, 6]
    try NumPyFile.write(numbers, shape: [3, 2], to: folder.file("a.npy"))
    let file = try NumPyFile(path: folder.file("a.npy"))
    #expect(file.header == NumPyHeader(type: .int64, shape: [3, 2]))
    #expect((0..<6).map { file.integer(at: $0) } == numbers)
    try NumPyFile.write([1.5, -0.25] as [Float], to: folder.file("b.npy"))
    let fractions = try NumPyFile(path: folder.file("b.npy"))
    #expect([fractions.value(at: 0), fractions.value(at: 1)] == [1.5, -0.25])
    #expect(try folder.names == ["a.npy", "b.npy"])
  }

  @Test("other spellings and versions of the header are understood")
  func otherHeaders() throws {
    let text = Array("{\"shape\":(),'fortran_order':True,'descr':'|u1'}".utf8)
    for version: UInt8 in [2, 3] {
      let bytes = NumPyHeader.magic + [version, 0, UInt8(text.count), 0, 0, 0] + text + [9]
      let file = try NumPyFile(path: folder.write("a.npy", bytes))
      #expect(file.header == NumPyHeader(type: .uint8, shape: []) && file.integer(at: 0) == 9)
    }
  }

  @Test("damaged files are refused, never read past their end")
  func damage() throws {
    try NumPyFile.write([Int32](0..<20), shape: [10, 2], to: folder.file("a.npy"))
    let good = try folder.read("a.npy")
    for length in stride(from: 0, to: good.count, by: 5) {
      let path = try folder.write("b.npy", Array(good.prefix(length)))
      #expect(throws: IndexedDataError.self) { try NumPyFile(path: path) }
    }
    #expect(throws: IndexedDataError.self) {
      try NumPyFile(path: folder.write("b.npy", good + [0]))
    }
    var random = SeededGenerator(seed: 3)
    for _ in 0..<150 {
      var bad = good
      bad[Int.random(in: 0..<128, using: &random)] = .random(in: 0...255, using: &random)
      // Whatever happened to the header, all numbers that it promises are there.
      guard let file = try? NumPyFile(path: folder.write("b.npy", bad)) else { continue }
      if file.count > 0 { _ = file.integer(at: file.count - 1) }
    }
    for shape in [
      "(9223372036854775807, 9223372036854775807)", "(4611686018427387904, 4)", "(-1,)",
    ] {
      let text = Array("{'descr': '<i4', 'fortran_order': False, 'shape': \(shape)}".utf8)
      let bytes = NumPyHeader.magic + [1, 0, UInt8(text.count), 0] + text
      #expect(throws: IndexedDataError.self) { try NumPyFile(path: folder.write("b.npy", bytes)) }
    }
  }
}
