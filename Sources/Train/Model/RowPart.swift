/// Rows of a pass that are tokens of sequences, one sequence behind another.
///
/// A part with a `prefix` is a branch: its tokens follow those of other rows, and see them, but
/// nothing else of the part that these belong to. So answers to one prompt need it only once.
struct RowPart: Equatable {
  /// The rows.
  var rows: Range<Int>
  /// How many sequences they are, all of one length.
  var batch = 1
  /// Where in its sequence each sequence's first row stands.
  var firstPosition = 0
  /// Rows of the tokens before a branch, `firstPosition` of them; empty for other parts.
  var prefix = 0..<0

  /// Rows of each sequence.
  var length: Int { rows.count / batch }
}

/// Room for all the keys and values that a branch sees, one behind another, and their gradients.
struct BranchKeys {
  private var keys: Tensor
  private var values: Tensor
  private var keyGradient: Tensor
  private var valueGradient: Tensor
  private var sum: Tensor

  init(
    _ settings: ModelSettings, type: ScalarType, _ shape: PassShape, _ plan: inout TensorPlan
  ) {
    let width = settings.keyValueHeadCount * settings.headWidth
    let gradientRows = shape.isTraining ? shape.branchLength : 0
    keys = plan.place([shape.branchLength, width], type)
    values = plan.place([shape.branchLength, width], type)
    keyGradient = plan.place([gradientRows, width], type)
    valueGradient = plan.place([gradientRows, width], type)
    sum = plan.place([gradientRows, width], type)
  }

  /// The keys and values that a part sees.
  func seen(
    by part: RowPart, in views: QueryKeyValueViews, _ engine: any ComputeEngine
  ) -> (keys: HeadView, values: HeadView) {
    guard !part.prefix.isEmpty else {
      let first = part.rows.lowerBound
      return (views.keys.from(row: first), views.values.from(row: first))
    }
    func gather(_ heads: HeadView, into tensor: Tensor) -> HeadView {
      let all = HeadView(tensor, headCount: heads.headCount, width: heads.width)
      engine.copyHeads(
        from: heads.from(row: part.prefix.lowerBound), to: all, rows: part.prefix.count)
      engine.copyHeads(
        from: heads.from(row: part.rows.lowerBound), to: all.from(row: part.prefix.count),
        rows: part.rows.count)
      return all
    }
    return (gather(views.keys, into: keys), gather(views.values, into: values))
  }

  /// Where the gradients of what a part sees go, until ``add(for:to:_:)``.
  func gradients(
    for part: RowPart, in views: QueryKeyValueViews
  ) -> (keys: HeadView, values: HeadView) {
    guard !part.prefix.isEmpty else {
      let first = part.rows.lowerBound
      return (views.keys.from(row: first), views.values.from(row: first))
    }
    let (heads, width) = (views.keys.headCount, views.keys.width)
    return (
      HeadView(keyGradient, headCount: heads, width: width),
      HeadView(valueGradient, headCount: heads, width: width)
    )
  }

  /// Stores the gradients of a branch's own keys and values, and adds those of the prefix, whose own
  /// part has been stored before.
  func add(for part: RowPart, to views: QueryKeyValueViews, _ engine: any ComputeEngine) {
    guard !part.prefix.isEmpty else { return }
    for (tensor, target) in [(keyGradient, views.keys), (valueGradient, views.values)] {
      let all = HeadView(tensor, headCount: target.headCount, width: target.width)
      let before = target.from(row: part.prefix.lowerBound)
      let rows = 0..<part.prefix.count
      engine.copyHeads(
        from: all.from(row: rows.count), to: target.from(row: part.rows.lowerBound),
        rows: part.rows.count)
      engine.copyHeads(from: before, to: all.of(sum), rows: rows.count)
      engine.add(sum.rows(rows), tensor.rows(rows), into: sum.rows(rows))
      engine.copyHeads(from: all.of(sum), to: before, rows: rows.count)
    }
  }
}
