internal import CBLAS
internal import CTrain
internal import Glibc
internal import Machine

/// The operations of ``ComputeEngine`` on the processor's cores.
///
/// Work is cut into ranges of rows, or into heads, for a team of threads; the libraries underneath
/// run one thread each. Sums that cross rows are made in blocks of fixed size and combined in order,
/// so that they do not depend on the number of threads.
package final class CPUEngine: ComputeEngine {
  let team: ThreadTeam
  private let scratch: [Scratch]
  /// Whether products of bfloat16 numbers are made in pairs by our own loops.
  let multipliesPairs: Bool
  /// Whether products of all types are made in single precision by our own loops.
  let multipliesFloats: Bool
  /// Other products of bfloat16 numbers, one a member.
  let bfloat16Products: [BFloat16Products]
  /// Whether products of bfloat16 numbers need no conversion.
  let hasBFloat16: Bool
  private let conversions: [Scratch]

  /// Starts an engine.
  ///
  /// - Parameters:
  ///   - threads: how many compute, the calling one included.
  ///   - ownProducts: without it, all products of matrices are libraries'.
  package init(threads: Int = WorkerPool.processorCount, ownProducts: Bool = true) {
    openblas_set_num_threads(1)
    team = ThreadTeam(threads: threads, name: "compute")
    scratch = (0..<team.threadCount).map { _ in Scratch() }
    conversions = (0..<team.threadCount).map { _ in Scratch() }
    let products = (0..<team.threadCount).map { _ in BFloat16Products() }
    bfloat16Products = products
    ctr_use_one_openmp_thread()
    multipliesPairs = ownProducts && ctr_multiplies_pairs()
    multipliesFloats = ownProducts && ctr_multiplies_floats()
    hasBFloat16 = multipliesPairs || products[0].isFast
  }

  package var summary: String {
    "CPU, \(team.threadCount) thread\(team.threadCount == 1 ? "" : "s")"
  }

  package func makeMemory(byteCount: Int) throws(TrainError) -> EngineMemory {
    guard let address = AlignedMemory.allocate(byteCount) else {
      throw .system(SystemError(call: "malloc", path: "\(byteCount) bytes", code: ENOMEM))
    }
    return EngineMemory(address: address, byteCount: byteCount, release: AlignedMemory.free)
  }

  // MARK: - Sharing work

  /// Runs `body` on ranges of `count`, a few for each member, which takes the next when it is free: so
  /// one whose core does other work delays nobody.
  func split(_ count: Int, multiple: Int = 1, _ body: @Sendable (Range<Int>, Int) -> Void) {
    let pieces = (count + multiple - 1) / multiple
    let size = (pieces + 4 * team.threadCount - 1) / (4 * team.threadCount) * multiple
    guard size > 0 else { return }
    forEach((count + size - 1) / size) { index, member in
      body(index * size..<min((index + 1) * size, count), member)
    }
  }

  /// Runs `body` once for each of `count` tasks.
  func forEach(_ count: Int, _ body: @Sendable (Int, Int) -> Void) {
    team.forEach(count: count) { index, member in
      ctr_use_one_openmp_thread()
      body(index, member)
    }
  }

  // MARK: - Room beside tensors

  package func reserve(_ work: [WorkSize]) throws(TrainError) {
    for size in work {
      let need = size.scratch(on: self)
      for member in 0..<team.threadCount {
        try scratch[member].reserve(member == 0 ? max(need.shared, need.own) : need.own)
        try conversions[member].reserve(need.conversions)
      }
    }
  }

  /// Numbers that only the member uses, and only until its next call.
  ///
  /// - Precondition: ``reserve(_:)`` was told of the work.
  func scratch(of member: Int, count: Int) -> UnsafeMutablePointer<Float> {
    unsafe scratch[member].floats(count)
  }

  /// Numbers for conversions of a member's factors, apart from its ``scratch(of:count:)``; those of the
  /// first member also hold what an operation prepares for all.
  func conversions(of member: Int, count: Int) -> UnsafeMutablePointer<Float> {
    unsafe conversions[member].floats(count)
  }

  /// Memory of one member.
  ///
  /// `@unchecked Sendable`: only the member writes into it, or the engine's thread between operations; what
  /// that has written all members may read.
  private final class Scratch: @unchecked Sendable {
    private var address: UInt = 0
    private var count = 0

    deinit { AlignedMemory.free(address) }

    func reserve(_ count: Int) throws(TrainError) {
      guard self.count < count else { return }
      let byteCount = count.multipliedReportingOverflow(by: MemoryLayout<Float>.size)
      guard !byteCount.overflow, let larger = AlignedMemory.allocate(byteCount.partialValue) else {
        throw .system(SystemError(call: "malloc", path: "\(count) numbers", code: ENOMEM))
      }
      AlignedMemory.free(address)
      address = larger
      self.count = count
    }

    func floats(_ count: Int) -> UnsafeMutablePointer<Float> {
      guard count <= self.count, let start = unsafe UnsafeMutablePointer<Float>(bitPattern: address)
      else { preconditionFailure("\(count) numbers of scratch were not reserved") }
      return unsafe start
    }
  }
}

extension Tensor {
  /// The first number.
  var start: UnsafeMutableRawPointer { unsafe place(0) }

  /// The number at an index.
  func place(_ index: Int) -> UnsafeMutableRawPointer {
    precondition(type != .splitFloat32, "the halves of a number lie apart")
    guard
      let pointer = unsafe UnsafeMutableRawPointer(
        bitPattern: address + UInt(index * type.byteCount))
    else { preconditionFailure("a tensor is never at zero") }
    return unsafe pointer
  }

  /// The number at an index of a float32 tensor.
  func floats(_ index: Int = 0) -> UnsafeMutablePointer<Float> {
    precondition(type == .float32, "a float32 tensor is expected, not \(type)")
    return unsafe place(index).assumingMemoryBound(to: Float.self)
  }

  /// The number at an index of an int32 tensor.
  func integers(_ index: Int = 0) -> UnsafeMutablePointer<Int32> {
    precondition(type == .int32, "an int32 tensor is expected, not \(type)")
    return unsafe place(index).assumingMemoryBound(to: Int32.self)
  }
}

extension ScalarType {
  /// The kernels' name of the type.
  var kernelType: ctr_type {
    switch self {
    case .float32: CTR_FLOAT32
    case .bfloat16: CTR_BFLOAT16
    case .float16: CTR_FLOAT16
    case .int32, .splitFloat32: preconditionFailure("\(self) numbers are not computed with")
    }
  }
}
