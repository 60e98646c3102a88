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
    #expect(tensor.reshaped(rows: 2, width: 6) == tensor.reshaped([2, 6]))
    let cube = tensor.reshaped([2, 3, 2])
    #expect(cube.rows(1..<2) == Tensor(address: 4108, shape: [1, 3, 2], type: .bfloat16))
    #expect((cube.width, cube.rowCount) == (2, 6))
  }

  @Test("shapes are the same with the same axes")
  func shapes() {
    let vector = Tensor(address: 64, shape: [6], type: .float32)
    #expect(vector.isShaped(as: Tensor(address: 128, shape: [6], type: .bfloat16)))
    #expect(!vector.isShaped(as: vector.reshaped([1, 6])))
    #expect(!vector.isShaped(as: vector.reshaped([6, 1])))
    let scalar = Tensor(address: 64, shape: [], type: .float32)
    #expect((scalar.count, scalar.width, scalar.rowCount, scalar.shape) == (1, 1, 1, []))
  }

  @Test("shapes of five axes and of another count are mistakes of the program")
  func mistakes() async {
    await #expect(processExitsWith: .failure) {
      _ = Tensor(address: 64, shape: [1, 1, 1, 1, 1], type: .float32)
    }
    await #expect(processExitsWith: .failure) {
      _ = Tensor(address: 64, shape: [6], type: .float32).reshaped(rows: 2, width: 4)
    }
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
