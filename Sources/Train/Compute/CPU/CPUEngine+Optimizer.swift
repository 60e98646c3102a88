internal import CTrain
internal import Glibc

// Tensors are cut into blocks of a fixed size, which any member may take: a result never depends on
// how many there are.
extension CPUEngine {
  /// Numbers of a block: 256 KiB of each array, so that taking a block costs nothing against its work.
  static let blockCount = 1 << 16
  /// Numbers that are widened at a time: few enough for the first caches.
  static let widenedCount = 1 << 11

  package func sumOfSquares(_ tensors: [Tensor]) -> Double {
    let count = tensors.reduce(0) { $0 + Self.blocks(of: $1) }
    guard count > 0 else { return 0 }
    // A sum a block, added up in order.
    let address = UInt(bitPattern: unsafe scratch(of: 0, count: 2 * count))
    guard let sums = unsafe UnsafeMutablePointer<Double>(bitPattern: address) else { return 0 }
    @Sendable func add(_ index: Int, _ block: Block, _ member: Int) {
      let tensor = tensors[block.tensor]
      var sum = 0.0
      Self.forEachPart(of: block.range, isWhole: tensor.type == .float32) { start, count in
        unsafe sum += ctr_sum_of_squares(
          self.floats(of: tensor, from: start, count: count, member), count)
      }
      guard let sums = unsafe UnsafeMutablePointer<Double>(bitPattern: address) else { return }
      unsafe sums[index] = sum
    }
    forEachBlock(of: tensors.count, size: { tensors[$0].count }, body: add)
    return (0..<count).reduce(0) { unsafe $0 + sums[$1] }
  }

  package func update(_ step: ElementwiseStep, _ pieces: [UpdatePiece]) {
    @Sendable func change(_ index: Int, _ block: Block, _ member: Int) {
      let piece = pieces[block.tensor]
      Self.forEachPart(of: block.range, isWhole: !piece.isConverted) { start, count in
        let gradients = unsafe self.floats(of: piece.gradient, from: start, count: count, member)
        unsafe self.changeFloats(of: piece.value, from: start, count: count, member) { values in
          unsafe Self.apply(step, piece, start, count, values, gradients)
        }
        guard let copy = piece.copy else { return }
        unsafe ctr_convert(
          CTR_FLOAT32, piece.value.floats(start), count, copy.type.kernelType, copy.place(start),
          count, 1, count)
      }
    }
    forEachBlock(of: pieces.count, size: { pieces[$0].value.count }, body: change)
  }

  // MARK: - Blocks

  /// Some consecutive numbers of one tensor of a list.
  struct Block {
    var tensor: Int
    var range: Range<Int>
  }

  /// How many blocks a tensor has.
  static func blocks(of tensor: Tensor) -> Int { blocks(of: tensor.count) }

  private static func blocks(of count: Int) -> Int { (count + blockCount - 1) / blockCount }

  /// Runs `body(index, block, member)` for every block of a list of tensors.
  private func forEachBlock(
    of tensors: Int, size: @Sendable (Int) -> Int, body: @Sendable (Int, Block, Int) -> Void
  ) {
    let count = (0..<tensors).reduce(0) { $0 + Self.blocks(of: size($1)) }
    forEach(count) { index, member in
      // A walk along the tensors costs nothing against the work, and needs no list of blocks.
      var tensor = 0
      var place = index
      while place >= Self.blocks(of: size(tensor)) {
        place -= Self.blocks(of: size(tensor))
        tensor += 1
      }
      let start = place * Self.blockCount
      let end = min(start + Self.blockCount, size(tensor))
      body(index, Block(tensor: tensor, range: start..<end), member)
    }
  }

  /// Tells parts of a block: all of it, or so few numbers that they are converted in the first caches.
  private static func forEachPart(
    of range: Range<Int>, isWhole: Bool, _ body: (_ start: Int, _ count: Int) -> Void
  ) {
    let most = isWhole ? blockCount : widenedCount
    for start in stride(from: range.lowerBound, to: range.upperBound, by: most) {
      body(start, min(most, range.upperBound - start))
    }
  }

  /// Numbers of a tensor as fp32: where they lie, or widened beside until others are.
  func floats(
    of tensor: Tensor, from start: Int, count: Int, _ member: Int
  ) -> UnsafePointer<Float> {
    guard tensor.type != .float32 else { return unsafe UnsafePointer(tensor.floats(start)) }
    let target = unsafe conversions(of: member, count: count)
    unsafe ctr_convert(
      tensor.type.kernelType, tensor.place(start), count, CTR_FLOAT32, target, count, 1, count)
    return unsafe UnsafePointer(target)
  }

  /// Has values changed as fp32 ones: where they lie, or joined behind as many numbers of
  /// ``floats(of:from:count:_:)``.
  func changeFloats(
    of tensor: Tensor, from start: Int, count: Int, _ member: Int,
    _ body: (UnsafeMutablePointer<Float>) -> Void
  ) {
    guard tensor.type == .splitFloat32 else { return unsafe body(tensor.floats(start)) }
    let values = unsafe conversions(of: member, count: 2 * count) + count
    let halves = SplitNumbers(tensor, from: start)
    unsafe halves.read(into: values, count: count)
    unsafe body(values)
    unsafe halves.write(values, count: count)
  }

  private static func apply(
    _ step: ElementwiseStep, _ piece: UpdatePiece, _ start: Int, _ count: Int,
    _ values: UnsafeMutablePointer<Float>, _ gradients: UnsafePointer<Float>
  ) {
    func state(_ index: Int) -> UnsafeMutablePointer<Float>? {
      index < piece.states.count ? unsafe piece.states[index].floats(start) : nil
    }
    switch step {
    case .adam(let adam):
      guard let first = unsafe state(0), let second = unsafe state(1) else { return }
      var numbers = adam.numbers
      switch adam.arithmetic {
      case .fused: unsafe ctr_adam_fused(values, gradients, first, second, count, &numbers)
      case .cpu: unsafe ctr_adam_cpu(values, gradients, first, second, count, &numbers)
      case .torch: unsafe ctr_adam_torch(values, gradients, first, second, count, &numbers)
      case .oneBit, .oneBitFrozen:
        unsafe ctr_adam_onebit(
          values, gradients, first, second, count, &numbers,
          adam.arithmetic == .oneBitFrozen)
      }
    case .lion(let lion):
      guard let momentum = unsafe state(0) else { return }
      var numbers = lion.numbers
      unsafe ctr_lion(values, gradients, momentum, count, &numbers, lion.zeroMovesUp)
    case .sgd(let sgd):
      unsafe ctr_sgd(
        values, gradients, state(0), count, sgd.scale, sgd.rate, sgd.decay, sgd.momentum,
        sgd.dampening, sgd.isNesterov, sgd.isFirst)
    case .madgrad(let madgrad):
      guard let squares = unsafe state(0), let sums = unsafe state(1) else { return }
      unsafe ctr_madgrad(
        values, gradients, squares, sums, state(2), count, madgrad.scale,
        Float(1 - madgrad.rate * madgrad.decay), Float(madgrad.momentum),
        Float(1 - madgrad.momentum), Float(madgrad.lambda), madgrad.epsilon)
    }
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
