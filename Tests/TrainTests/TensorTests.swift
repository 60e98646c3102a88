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
}
