internal import CTrain
internal import Glibc
internal import Machine

/// The work of an optimizer on this machine's processors.
///
/// Tensors are cut into blocks of a fixed size, which any thread may take: a result never depends
/// on how many threads there are.
package struct CPUOptimizerOperations: OptimizerOperations {
  /// Calls a body for every index below a count, on as many threads as there are, and waits.
  package typealias ForEach = @Sendable (_ count: Int, _ body: @Sendable (Int) -> Void) -> Void

  // 256 KiB of each array: enough that taking a block costs nothing against its work.
  static let blockCount = 1 << 16

  let forEachBlock: ForEach

  /// Works through `forEach`, as a rule an engine's team of threads.
  package init(forEach: @escaping ForEach) {
    forEachBlock = forEach
  }

  /// Works on threads of its own.
  package init(workers: Int) {
    self.init { count, body in WorkerPool.forEach(count: count, workers: workers, body) }
  }

  package func makeNumbers(count: Int) throws(TrainError) -> any NumberStorage {
    guard let numbers = CPUNumbers(allocating: count) else {
      throw .system(SystemError(call: "malloc", path: "\(count) numbers", code: ENOMEM))
    }
    return numbers
  }

  package func clear(_ tensor: Tensor) {
    guard let start = unsafe UnsafeMutableRawPointer(bitPattern: tensor.address) else { return }
    unsafe memset(start, 0, tensor.byteCount)
  }

  package func sumOfSquares(_ tensors: [Tensor]) -> Double {
    let blocks = Self.blocks(of: tensors)
    guard !blocks.isEmpty else { return 0 }
    let sums = CPUNumbers(count: 2 * blocks.count)
    return withExtendedLifetime(sums) {
      add(squaresOf: tensors, in: blocks, through: sums.numbers.address)
    }
  }

  /// Adds up the squares of each block at `place`, then those sums in the order of the blocks.
  private func add(squaresOf tensors: [Tensor], in blocks: [Block], through place: UInt) -> Double {
    forEachBlock(blocks.count) { index in
      let block = blocks[index]
      var sum = 0.0
      for piece in block.pieces(of: tensors[block.tensor]) {
        unsafe withFloats(tensors[block.tensor], from: piece.start, count: piece.count) { start in
          unsafe sum += ctr_sum_of_squares(start, piece.count)
        }
      }
      guard let target = unsafe UnsafeMutablePointer<Double>(bitPattern: place) else { return }
      unsafe target[index] = sum
    }
    guard let partial = unsafe UnsafePointer<Double>(bitPattern: place) else { return 0 }
    var sum = 0.0
    for index in blocks.indices { unsafe sum += partial[index] }
    return sum
  }

  package func update(_ step: ElementwiseStep, _ pieces: [UpdatePiece]) {
    let blocks = Self.blocks(of: pieces.map(\.value))
    forEachBlock(blocks.count) { index in
      let block = blocks[index]
      let piece = pieces[block.tensor]
      for part in block.pieces(of: piece.gradient) {
        unsafe withFloats(piece.gradient, from: part.start, count: part.count) { gradients in
          unsafe apply(step, piece, part, gradients)
        }
      }
    }
  }

  package func withBytes<Outcome, Failure: Error>(
    of tensor: Tensor, _ body: (RawSpan) throws(Failure) -> Outcome
  ) throws(Failure) -> Outcome {
    let buffer = unsafe UnsafeRawBufferPointer(
      start: UnsafeRawPointer(bitPattern: tensor.address), count: tensor.byteCount)
    return try body(unsafe RawSpan(_unsafeBytes: buffer))
  }

  package func copy(_ bytes: RawSpan, to tensor: Tensor) {
    precondition(bytes.byteCount == tensor.byteCount, "bytes for another tensor")
    unsafe bytes.withUnsafeBytes { source in
      guard let from = source.baseAddress,
        let target = unsafe UnsafeMutableRawPointer(bitPattern: tensor.address)
      else { return }
      unsafe target.copyMemory(from: from, byteCount: source.count)
    }
  }

  // MARK: - Blocks

  /// Some consecutive numbers of one tensor.
  struct Block: Sendable {
    var tensor: Int
    var start: Int
    var count: Int

    /// Parts small enough for the first caches, where the numbers have to be widened.
    func pieces(of tensor: Tensor) -> [Block] {
      guard tensor.type != .float32 else { return [self] }
      let most = 1 << 13
      return stride(from: start, to: start + count, by: most).map { first in
        Block(tensor: self.tensor, start: first, count: min(most, start + count - first))
      }
    }
  }

  static func blocks(of tensors: [Tensor]) -> [Block] {
    var blocks: [Block] = []
    for (index, tensor) in tensors.enumerated() {
      let count = tensor.count
      for start in stride(from: 0, to: count, by: blockCount) {
        blocks.append(Block(tensor: index, start: start, count: min(blockCount, count - start)))
      }
    }
    return blocks
  }

  private func apply(
    _ step: ElementwiseStep, _ piece: UpdatePiece, _ block: Block,
    _ gradients: UnsafePointer<Float>
  ) {
    guard let values = unsafe floatPointer(piece.value, from: block.start) else { return }
    func state(_ index: Int) -> UnsafeMutablePointer<Float>? {
      index < piece.states.count ? unsafe floatPointer(piece.states[index], from: block.start) : nil
    }
    switch step {
    case .adam(let adam):
      guard let first = unsafe state(0), let second = unsafe state(1) else { return }
      var numbers = adam.numbers
      switch adam.arithmetic {
      case .fused: unsafe ctr_adam_fused(values, gradients, first, second, block.count, &numbers)
      case .cpu: unsafe ctr_adam_cpu(values, gradients, first, second, block.count, &numbers)
      case .torch: unsafe ctr_adam_torch(values, gradients, first, second, block.count, &numbers)
      case .oneBit, .oneBitFrozen:
        unsafe ctr_adam_onebit(
          values, gradients, first, second, block.count, &numbers,
          adam.arithmetic == .oneBitFrozen)
      }
    case .lion(let lion):
      guard let momentum = unsafe state(0) else { return }
      var numbers = lion.numbers
      unsafe ctr_lion(values, gradients, momentum, block.count, &numbers, lion.zeroMovesUp)
    case .sgd(let sgd):
      unsafe ctr_sgd(
        values, gradients, state(0), block.count, sgd.scale, sgd.rate, sgd.decay, sgd.momentum,
        sgd.dampening, sgd.isNesterov, sgd.isFirst)
    case .madgrad(let madgrad):
      guard let squares = unsafe state(0), let sums = unsafe state(1) else { return }
      unsafe ctr_madgrad(
        values, gradients, squares, sums, state(2), block.count, madgrad.scale,
        Float(1 - madgrad.rate * madgrad.decay), Float(madgrad.momentum),
        Float(1 - madgrad.momentum), Float(madgrad.lambda), madgrad.epsilon)
    }
  }
}

/// The numbers of a tensor from one of them on; `nil` when it is empty.
func floatPointer(_ tensor: Tensor, from start: Int = 0) -> UnsafeMutablePointer<Float>? {
  unsafe UnsafeMutablePointer<Float>(bitPattern: tensor.address + UInt(4 * start))
}

/// Shows numbers of a tensor as fp32: where they lie, or widened beside.
func withFloats(
  _ tensor: Tensor, from start: Int, count: Int, _ body: (UnsafePointer<Float>) -> Void
) {
  guard tensor.type != .float32 else {
    if let numbers = unsafe floatPointer(tensor, from: start) { unsafe body(numbers) }
    return
  }
  unsafe withUnsafeTemporaryAllocation(of: Float.self, capacity: max(count, 1)) { scratch in
    guard let target = scratch.baseAddress else { return }
    let source = unsafe UnsafeRawPointer(bitPattern: tensor.address + UInt(2 * start))
    unsafe ctr_convert(tensor.type.kernelType, source, count, CTR_FLOAT32, target, count, 1, count)
    unsafe body(target)
  }
}

/// Numbers in this process's memory, on a boundary of 64 bytes.
@safe
final class CPUNumbers: NumberStorage {
  let numbers: Tensor

  /// Makes zeros; `nil` where there is no memory for them.
  init?(allocating count: Int) {
    let (byteCount, overflow) = count.multipliedReportingOverflow(by: 4)
    guard !overflow, let address = AlignedMemory.allocate(byteCount) else { return nil }
    numbers = Tensor(address: address, shape: [count], type: .float32)
  }

  /// Makes zeros for a short while: far fewer than the model has, so that there is no way back.
  init(count: Int) {
    guard let address = AlignedMemory.allocate(4 * count) else {
      AlignedMemory.stop(lacking: 4 * count)
    }
    numbers = Tensor(address: address, shape: [count], type: .float32)
  }

  deinit {
    AlignedMemory.free(numbers.address)
  }
}

extension AdamStep {
  /// The numbers as the kernels take them, each rounded as its library rounds it: those written in
  /// C++ hold the betas in fp32, torch in fp64.
  fileprivate var numbers: ctr_adam_numbers {
    let isNative = arithmetic == .fused || arithmetic == .cpu
    let beta1 = isNative ? Double(Float(betas.0)) : betas.0
    let beta2 = isNative ? Double(Float(betas.1)) : betas.1
    let first = correctedStep > 0 ? 1 - pow(beta1, Double(correctedStep)) : 1
    let second = correctedStep > 0 ? 1 - pow(beta2, Double(correctedStep)) : 1
    let correction2 =
      switch arithmetic {
      case .fused, .oneBit, .oneBitFrozen: second
      case .cpu: 1 / second.squareRoot()
      case .torch: second.squareRoot()
      }
    return ctr_adam_numbers(
      scale: scale, rate: rate, decay: decay, beta1: Float(beta1), beta2: Float(beta2),
      epsilon: epsilon, rest1: Float(1 - beta1), rest2: Float(1 - beta2),
      correction1: Float(first), correction2: Float(correction2), decoupled: isDecoupled)
  }
}

extension LionStep {
  fileprivate var numbers: ctr_lion_numbers {
    ctr_lion_numbers(
      scale: scale, rate: Float(rate), kept: Float(1 - rate * decay), beta1: Float(betas.0),
      rest1: Float(1 - betas.0), beta2: Float(betas.1), rest2: Float(1 - betas.1))
  }
}
