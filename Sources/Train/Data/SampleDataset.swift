package import IndexedData
internal import Machine

/// The samples of one dataset in one split, in the order in which they are drawn.
package struct SampleDataset: Sendable {
  /// The text, or the preferred and the rejected answers of pairs, each with its companions.
  package let sides: [DocumentTracks]
  /// The documents that are drawn from.
  package let documents: Range<Int>
  /// Which documents make up each sample.
  package let order: any SampleOrder
  /// Where the index maps came from.
  package let mapOrigin: MapOrigin
  /// The documents, or pairs, that are in no sample.
  package let leftOut: LeftOutDocuments

  /// How many samples there are.
  package var count: Int { order.count }

  /// How many samples an epoch has; `nil` where epochs are not told apart.
  package var samplesPerEpoch: Int? { (order as? StableOrder)?.samplesPerEpoch }

  /// Finds the order of a dataset's samples; `name` is the split's in the names of map files.
  ///
  /// - Throws: ``TrainError/mapsInterrupted`` once `interruption` is raised and maps are to be made.
  init(
    _ sides: [DocumentTracks], _ request: OrderRequest, _ kind: DataOrder, name: String,
    storage: MapStorage, interruption: Interruption?
  ) throws(TrainError) {
    self.sides = sides
    // GPT-NeoX takes the first documents of the dataset, whatever part of it was asked for.
    let takesFirst = request.neoxQuirks && kind == .neox && request.packing != .packed
    documents = takesFirst ? 0..<request.documents.count : request.documents
    let data = OrderData(sides)
    do throws(IndexedDataError) {
      guard kind == .neox else {
        let stable = try StableOrder(request, data)
        order = stable
        mapOrigin = .memory(reason: nil)
        leftOut = stable.leftOut
        return
      }
      let (maps, origin) = try MapFiles(request, data, name: name).prepare(
        storage, interruption: interruption)
      order = NeoxOrder(maps, request, prefix: sides[0].text.prefix)
      mapOrigin = origin
      leftOut = maps.leftOut
    } catch .interrupted {
      throw .mapsInterrupted
    } catch {
      throw .dataset(error)
    }
  }
}

extension OrderData {
  /// What the order of a dataset is made from: its text, or both sides of pairs.
  ///
  /// - Precondition: one or two sides.
  init(_ sides: [DocumentTracks]) {
    let negative = sides.count > 1 ? sides[1] : nil
    self.init(
      text: sides[0].text, labels: sides[0].labels, negative: negative?.text,
      negativeLabels: negative?.labels)
  }
}

/// The samples of a split: those of one dataset, or of several blended by weight.
package struct BlendedDataset: Sendable {
  /// The datasets.
  package let members: [SampleDataset]
  /// Their weights, which add up to one.
  package let weights: [Double]
  private let blend: any Blending

  /// Blends datasets; in GPT-NeoX's order there are as many samples as in all of them.
  ///
  /// What is known of a long blend is kept in a file whose name begins with `base`.
  init(
    _ members: [SampleDataset], weights: [Double], _ kind: DataOrder, keptUnder base: String?
  ) {
    self.members = members
    self.weights = weights
    blend =
      switch kind {
      case .neox:
        Blend(
          weights: weights, count: members.reduce(0) { $0 + $1.count }, keptUnder: base)
      case .stable: StableBlend(weights: weights, keptUnder: base)
      }
  }

  /// Keeps how many samples of each dataset were drawn up to where somebody asked, or with `all` up to
  /// the end, in a file beside the first one; nothing where the blend is short or no file can be
  /// written.
  package func keepBlend(all: Bool = false) {
    // Without the file the samples are drawn again, which takes a moment and gives the same.
    try? blend.keep(all: all)
  }

  /// How many samples there are.
  package var count: Int { blend.count }

  /// How many samples an epoch of all datasets has; `nil` where epochs are not told apart.
  package var samplesPerEpoch: Int? {
    members.reduce(0) { sum, member in
      sum.flatMap { sum in member.samplesPerEpoch.map { sum + $0 } }
    }
  }

  /// Which sample of which dataset a sample is.
  ///
  /// - Precondition: `0 ≤ index < count`.
  package func place(of index: Int) -> (dataset: Int, sample: Int) { blend[index] }

  /// How many of the first `count` samples come from a dataset.
  ///
  /// - Precondition: `0 ≤ count ≤ self.count`.
  package func taken(from dataset: Int, first count: Int) -> Int {
    blend.taken(from: dataset, first: count)
  }

  /// Where a dataset's sample is drawn; `nil` where it is not.
  package func index(of sample: Int, from dataset: Int) -> Int? {
    blend.index(of: sample, from: dataset)
  }
}
