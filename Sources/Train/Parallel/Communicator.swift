/// How processes that train one model exchange numbers.
///
/// All of them make the same calls in the same order; each call returns when the caller's part is
/// done. Tensors lie in the memory of the caller's engine.
package protocol Communicator: Sendable {
  /// This process's number, from 0.
  var rank: Int { get }
  /// How many processes there are.
  var size: Int { get }

  /// Replaces a number by its combination over all processes.
  func allReduce(_ number: Double, by reduction: Reduction) throws(TrainError) -> Double

  /// Replaces each number of a tensor by its combination over all processes.
  func allReduce(_ numbers: Tensor, by reduction: Reduction) throws(TrainError)

  /// Combines a tensor over all processes and gives each its part of the first axis.
  ///
  /// - Precondition: `part` is `whole.count / size` numbers long.
  func reduceScatter(
    _ whole: Tensor, into part: Tensor, by reduction: Reduction
  ) throws(TrainError)

  /// Joins the parts of all processes, in the order of their ranks.
  ///
  /// - Precondition: `whole` is `part.count * size` numbers long.
  func allGather(_ part: Tensor, into whole: Tensor) throws(TrainError)

  /// Sends numbers to another process, which has to receive as many.
  func send(_ numbers: Tensor, to rank: Int) throws(TrainError)

  /// Waits for numbers of another process.
  func receive(_ numbers: Tensor, from rank: Int) throws(TrainError)

  /// Waits until all processes are here.
  func barrier() throws(TrainError)
}

/// How numbers of several processes become one.
package enum Reduction: Sendable {
  case sum
  case maximum
}

/// The communicator of a process that trains alone: what is combined is what there is.
package struct SingleProcess: Communicator {
  package let rank = 0
  package let size = 1
  private let copy: @Sendable (_ source: Tensor, _ target: Tensor) -> Void

  /// Stands alone; `copy` copies a tensor within the engine's memory.
  package init(copy: @escaping @Sendable (_ source: Tensor, _ target: Tensor) -> Void) {
    self.copy = copy
  }

  package func allReduce(_ number: Double, by reduction: Reduction) -> Double { number }

  package func allReduce(_ numbers: Tensor, by reduction: Reduction) {}

  package func reduceScatter(_ whole: Tensor, into part: Tensor, by reduction: Reduction) {
    precondition(part.count == whole.count && part.type == whole.type)
    copy(whole, part)
  }

  package func allGather(_ part: Tensor, into whole: Tensor) {
    precondition(part.count == whole.count && part.type == whole.type)
    copy(part, whole)
  }

  package func send(_ numbers: Tensor, to rank: Int) throws(TrainError) { throw alone(rank) }

  package func receive(_ numbers: Tensor, from rank: Int) throws(TrainError) { throw alone(rank) }

  package func barrier() {}

  private func alone(_ rank: Int) -> TrainError {
    .unsupported(what: "rank \(rank)", reason: "this process trains alone")
  }
}
