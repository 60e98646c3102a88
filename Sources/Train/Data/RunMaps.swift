package import IndexedData

/// The index maps of a run, to be made before it.
package struct RunMaps: Sendable {
  /// The maps of one dataset in one split.
  package struct Item: Sendable {
    /// Which part of the data they are of.
    package let split: DataSplit
    /// The prefix of the text.
    package let prefix: String
    /// What is asked for.
    package let request: OrderRequest
    /// Where they lie.
    package let files: MapFiles
  }

  /// All of them, training data first; none in an order that needs no maps.
  package let items: [Item]

  /// Draws the long blends of a run whose maps were made, and keeps what is needed to find any of
  /// their samples at once.
  ///
  /// - Throws: what ``TrainingData`` throws.
  package static func keepBlends(_ settings: DataSettings) throws(TrainError) {
    for split in settings.usedSplits {
      try SplitPlan(split, settings)?.dataset(settings).keepBlend(all: true)
    }
  }

  /// Names the maps that a run would make, and opens the datasets.
  ///
  /// - Throws: what ``TrainingData`` throws.
  package init(_ settings: DataSettings) throws(TrainError) {
    try settings.check()
    var items: [Item] = []
    for split in settings.order == .stable ? [] : settings.usedSplits {
      for member in try SplitPlan(split, settings)?.members ?? [] {
        items.append(
          Item(
            split: split, prefix: member.sides[0].text.prefix, request: member.request,
            files: MapFiles(member.request, OrderData(member.sides), name: member.name)))
      }
    }
    self.items = items
  }
}
