internal import CTrain
internal import Machine

extension CPUEngine {
  package func attention(
    queries: HeadView, keys: HeadView, values: HeadView, _ attention: Attention,
    into output: Tensor, logSums: Tensor
  ) {
    let work = AttentionWork(
      attention: attention, queries: queries, keys: keys, values: values, logSums: logSums)
    let outputs = HeadView(output, headCount: queries.headCount, width: queries.width)
    forEach(work.groupCount) { index, member in
      var room = self.room(work, member, backward: false)
      let scores = unsafe room.take(AttentionHead.scoreCount(attention))
      let narrow = unsafe room.take(AttentionHead.scoreCount(attention))
      let group = work.group(index, &room)
      for head in group.heads {
        var room = room
        let part = work.head(head, of: group, &room, self, member)
        let target = room.target(outputs, head, group.sequence, attention.queryCount)
        unsafe part.forward(into: target, scores: scores, narrow: narrow, type: output.type)
        outputs.store(target, head, group.sequence, attention.queryCount)
      }
    }
  }

  package func attentionGradient(
    queries: HeadView, keys: HeadView, values: HeadView, _ attention: Attention,
    logSums: Tensor, outputGradient: Tensor, queryGradient: HeadView, keyGradient: HeadView,
    valueGradient: HeadView, biasGradient: Tensor?
  ) {
    let work = AttentionWork(
      attention: attention, queries: queries, keys: keys, values: values, logSums: logSums)
    let outputs = HeadView(outputGradient, headCount: queries.headCount, width: queries.width)
    forEach(work.groupCount) { index, member in
      var room = self.room(work, member, backward: true)
      let scores = unsafe room.take(AttentionHead.scoreCount(attention))
      let slopes = unsafe room.take(AttentionHead.scoreCount(attention))
      let kept = unsafe room.take(AttentionHead.scoreCount(attention))
      let narrow = unsafe room.take(AttentionHead.scoreCount(attention))
      let group = work.group(index, &room)
      let sequence = group.sequence
      let keyTarget = room.sums(keyGradient, group.keyHead, sequence, attention.keyCount)
      let valueTarget = room.sums(valueGradient, group.keyHead, sequence, attention.keyCount)
      for head in group.heads {
        var room = room
        let part = work.head(head, of: group, &room, self, member)
        let target = room.target(queryGradient, head, sequence, attention.queryCount)
        let gradients = unsafe AttentionHead.Gradients(
          output: room.load(outputs, head, sequence, attention.queryCount), queries: target,
          keys: keyTarget, values: valueTarget,
          bias: biasGradient?.floats(
            (sequence * queries.headCount + head) * (biasGradient?.width ?? 0)))
        unsafe part.backward(
          gradients, scores: scores, slopes: slopes, kept: kept, narrow: narrow,
          type: outputGradient.type)
        queryGradient.store(target, head, sequence, attention.queryCount)
      }
      keyGradient.store(keyTarget, group.keyHead, sequence, attention.keyCount)
      valueGradient.store(valueTarget, group.keyHead, sequence, attention.keyCount)
    }
  }

  private func room(_ work: AttentionWork, _ member: Int, backward: Bool) -> Room {
    unsafe Room(
      scratch(of: member, count: work.attention.room(work.keys.width, backward: backward)),
      native: hasBFloat16)
  }

  package func bucketBias(_ weight: Tensor, buckets: [Int], factor: Float, into table: Tensor) {
    let heads = weight.width
    for head in 0..<heads {
      for (distance, bucket) in buckets.enumerated() {
        let source = unsafe weight.place(bucket * heads + head)
        let target = unsafe table.floats(head * table.width + distance)
        unsafe ctr_convert(weight.type.kernelType, source, 1, CTR_FLOAT32, target, 1, 1, 1)
        unsafe target.pointee *= factor
      }
    }
  }

  package func bucketBiasGradient(
    _ table: Tensor, buckets: [Int], factor: Float, weight: Tensor
  ) {
    let heads = weight.width
    var sums = [Double](repeating: 0, count: weight.count)
    for sequence in 0..<table.shape[0] {
      for head in 0..<heads {
        let row = unsafe table.floats((sequence * heads + head) * table.width)
        for (distance, bucket) in buckets.enumerated() {
          sums[bucket * heads + head] += Double(unsafe row[distance])
        }
      }
    }
    let gradient = sums.map { Float($0) * factor }
    unsafe gradient.withUnsafeBufferPointer { gradient in
      guard let start = gradient.baseAddress else { return }
      unsafe ctr_accumulate(start, weight.type.kernelType, weight.start, weight.count)
    }
  }
}

extension Attention {
  /// Numbers of scratch that a member needs for one head.
  func room(_ width: Int, backward: Bool) -> Int {
    let heads = (backward ? 4 : 2) * keyCount + (backward ? 3 : 2) * queryCount
    let scores = backward ? 4 : 2
    return scores * AttentionHead.scoreCount(self) + heads * width + 16 * 12
  }
}

/// The heads of a batch, in groups that share keys and values: a member takes a group at a time.
private struct AttentionWork {
  let attention: Attention
  let queries: HeadView
  let keys: HeadView
  let values: HeadView
  let logSums: Tensor

  /// The heads of one sequence that share keys and values, and these.
  struct Group {
    let sequence: Int
    let keyHead: Int
    let heads: Range<Int>
    let keys: Matrix
    let values: Matrix
  }

  var groupCount: Int { attention.batch * keys.headCount }

  func group(_ index: Int, _ room: inout Room) -> Group {
    let (sequence, keyHead) = index.quotientAndRemainder(dividingBy: keys.headCount)
    let size = queries.headCount / keys.headCount
    return Group(
      sequence: sequence, keyHead: keyHead, heads: keyHead * size..<(keyHead + 1) * size,
      keys: room.load(keys, keyHead, sequence, attention.keyCount),
      values: room.load(values, keyHead, sequence, attention.keyCount))
  }

  func head(
    _ head: Int, of group: Group, _ room: inout Room, _ engine: CPUEngine, _ member: Int
  ) -> AttentionHead {
    let index = group.sequence * queries.headCount + head
    return unsafe AttentionHead(
      engine: engine, member: member, attention: attention,
      bias: attention.bias.map { unsafe UnsafePointer($0.floats(head * $0.width)) },
      firstRandom: UInt64(index * attention.queryCount) * UInt64(attention.keyCount),
      queries: room.load(queries, head, group.sequence, attention.queryCount), keys: group.keys,
      values: group.values, width: queries.width,
      logSums: logSums.floats(index * attention.queryCount))
  }
}

/// A member's scratch while it works on a head.
@safe
private struct Room {
  private var next: UnsafeMutablePointer<Float>
  /// Whether bfloat16 numbers are multiplied as they are.
  private let native: Bool

  init(_ start: UnsafeMutablePointer<Float>, native: Bool) {
    unsafe next = start
    self.native = native
  }

  /// Takes the next numbers.
  mutating func take(_ count: Int) -> UnsafeMutablePointer<Float> {
    defer { unsafe next += (count + 15) / 16 * 16 }
    return unsafe next
  }

  /// A head as a factor: where it is, or converted to float32.
  mutating func load(_ view: HeadView, _ head: Int, _ sequence: Int, _ rows: Int) -> Matrix {
    let matrix = view.matrix(head, sequence, rows)
    if matrix.type == .float32 || (native && matrix.type == .bfloat16) { return matrix }
    let target = target(view, head, sequence, rows, accumulates: true)
    unsafe ctr_convert(
      matrix.type.kernelType, matrix.start, matrix.stride, CTR_FLOAT32, target.start,
      target.stride, rows, view.width)
    return target
  }

  /// Zeros to add a head's gradients to, in float32.
  mutating func sums(_ view: HeadView, _ head: Int, _ sequence: Int, _ rows: Int) -> Matrix {
    let target = target(view, head, sequence, rows, accumulates: true)
    for row in 0..<rows {
      unsafe ctr_fill(CTR_FLOAT32, target.floats + row * target.stride, 0, view.width)
    }
    return target
  }

  /// Where to write a head: where it is, or beside in float32; sums are always made in float32.
  mutating func target(
    _ view: HeadView, _ head: Int, _ sequence: Int, _ rows: Int, accumulates: Bool = false
  ) -> Matrix {
    let matrix = view.matrix(head, sequence, rows)
    if matrix.type == .float32 { return matrix }
    if native && matrix.type == .bfloat16 && !accumulates { return matrix }
    return Matrix(
      address: UInt(bitPattern: unsafe take(rows * view.width)), type: .float32,
      stride: view.width)
  }
}

extension HeadView {
  /// One head of one sequence.
  fileprivate func matrix(_ head: Int, _ sequence: Int, _ rows: Int) -> Matrix {
    let index = offset + sequence * (sequenceRows ?? rows) * rowStride + head * headStride
    return Matrix(
      address: tensor.address + UInt(index * tensor.type.byteCount), type: tensor.type,
      stride: rowStride)
  }

  /// Stores a head that was written beside.
  fileprivate func store(_ source: Matrix, _ head: Int, _ sequence: Int, _ rows: Int) {
    let matrix = matrix(head, sequence, rows)
    guard matrix.address != source.address else { return }
    unsafe ctr_convert(
      CTR_FLOAT32, source.start, source.stride, matrix.type.kernelType, matrix.start,
      matrix.stride, rows, width)
  }
}
