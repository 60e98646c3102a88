import Testing

@testable import Train

@Suite("Tensors")
struct TensorTests {
  @Test("rows of a tensor lie behind one another")
  func rows() {
    let tensor = Tensor(address: 4096, shape: [4, 3], type: .bfloat16)
    #expect(tensor.byteCount == 24)
    #expect(
      tensor.rows(1..<3) == Tensor(address: 4102, shape: [2, 3], type: .bfloat16))
    #expect(tensor.reshaped([2, 6]).shape == [2, 6])
  }

  @Test("tensors that no memory holds are an error when they are placed")
  func tooLarge() throws {
    let large = 1 << 24
    #expect {
      try CPUEngine(threads: 1).place { plan in
        [plan.place([4]), plan.place([large, large, large]), plan.place([large, 1 << 37])]
      }
    } throws: { "\($0)".contains("bytes") }
  }
}
