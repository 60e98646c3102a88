/// Keys and values of the tokens that a model has seen, so that later tokens need not make them again.
///
/// Each pass with a cache takes its tokens as those that follow (see
/// ``GPTNeoX/forward(_:cache:)``).
package final class KeyValueCache {
  /// Sequences.
  package let batch: Int
  /// Tokens of each sequence that fit.
  package let capacity: Int
  /// Tokens of each sequence seen so far; lower it to forget the last ones.
  package var count = 0

  private let width: Int
  private let headCount: Int
  private let keys: [Tensor]
  private let values: [Tensor]
  private let memory: EngineMemory

  init(
    _ settings: ModelSettings, type: ScalarType, batch: Int, capacity: Int,
    engine: any ComputeEngine
  ) throws(TrainError) {
    let shape = [batch * capacity, settings.keyValueHeadCount * settings.headWidth]
    let (tensors, memory) = try engine.place { plan in
      (0..<2 * settings.layerCount).map { _ in plan.place(shape, type) }
    }
    self.batch = batch
    self.capacity = capacity
    self.memory = memory
    width = settings.headWidth
    headCount = settings.keyValueHeadCount
    keys = Array(tensors.prefix(settings.layerCount))
    values = Array(tensors.suffix(settings.layerCount))
  }

  /// Appends the keys and values of a layer for `length` tokens of each sequence, and returns those
  /// of all tokens.
  func append(
    keys newKeys: HeadView, values newValues: HeadView, layer: Int, length: Int,
    engine: any ComputeEngine
  ) -> (keys: HeadView, values: HeadView) {
    func append(_ new: HeadView, to tensor: Tensor) -> HeadView {
      var all = HeadView(tensor, headCount: headCount, width: width)
      all.sequenceRows = capacity
      for sequence in 0..<batch {
        engine.copyHeads(
          from: new.from(row: sequence * length), to: all.from(row: sequence * capacity + count),
          rows: length)
      }
      return all
    }
    return (append(newKeys, to: keys[layer]), append(newValues, to: values[layer]))
  }
}
