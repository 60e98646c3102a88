internal import IndexedData

/// A run of a document's tokens in a row of a batch.
package struct RowPiece: Sendable, Equatable {
  /// The document, as GPT-NeoX calls a sequence.
  package var document: Int
  /// The first token, counted in the document.
  package var offset: Int
  /// The places in the row, of `0...S`: the last one is no input, only what the row predicts last.
  package var columns: Range<Int>
}

/// Where a run of a document's tokens is seen.
package struct Sighting: Sendable, Equatable {
  /// The micro step, counted from 0 through all passes.
  package var microStep: Int
  /// The data-parallel process.
  package var rank: Int
  /// The row of the batch; of pairs, the rejected answers follow the preferred ones.
  package var row: Int
  /// The sample of the split.
  package var sample: Int
  /// The tokens.
  package var piece: RowPiece
}

extension BatchSource {
  /// The same batches as another data-parallel process gets them.
  ///
  /// - Precondition: the rank is one of the run's.
  package func forRank(_ rank: Int) -> BatchSource {
    precondition((0..<settings.rankCount).contains(rank))
    var source = self
    source.settings.rank = rank
    return source
  }

  /// Which documents the tokens of a row come from; of pairs, `side` 1 is the rejected answer.
  ///
  /// Behind the last piece there is padding.
  package func pieces(of row: BatchRow, side: Int = 0) throws(TrainError) -> [RowPiece] {
    let text = dataset.members[row.dataset].sides[side].text
    var pieces: [RowPiece] = []
    var filled = 0
    do throws(IndexedDataError) {
      for piece in row.pieces where filled <= settings.sequenceLength {
        let count = try SampleRow.count(
          piece, of: text, room: settings.sequenceLength + 1 - filled)
        guard count > 0 else { continue }
        pieces.append(
          RowPiece(
            document: piece.document, offset: piece.offset, columns: filled..<(filled + count)))
        filled += count
      }
    } catch {
      throw .dataset(error)
    }
    return pieces
  }

  /// Where a document of a dataset is seen within some micro steps, in order, over all ranks.
  ///
  /// `sides` are those of pairs that are looked at.
  ///
  /// - Precondition: the dataset is one of the split's, the sides are its own, and no micro step is
  ///   negative.
  package func sightings(
    of document: Int, inDataset member: Int, sides: [Int], microSteps: Range<Int>
  ) throws(TrainError) -> [Sighting] {
    precondition(microSteps.lowerBound >= 0)
    // Within one pass only its own samples are looked at.
    let isOnePass = microSteps.upperBound <= count
    let steps = isOnePass ? microSteps : 0..<count
    let batch = settings.globalMicroBatchSize
    let range =
      dataset.taken(
        from: member, first: steps.lowerBound * batch)..<dataset.taken(
        from: member, first: steps.upperBound * batch)
    let samples: [Int]
    do throws(IndexedDataError) {
      samples = try dataset.members[member].order.samples(naming: document, in: range)
    } catch {
      throw .dataset(error)
    }
    var sightings: [Sighting] = []
    for sample in samples {
      guard let index = dataset.index(of: sample, from: member) else { continue }
      sightings += try places(of: index, member, sample, document, sides)
    }
    return inPasses(sightings, microSteps)
  }

  // The places in the first pass.
  private func places(
    of index: Int, _ member: Int, _ sample: Int, _ document: Int, _ sides: [Int]
  ) throws(TrainError) -> [Sighting] {
    var row = BatchRow(index: index, dataset: member, sample: sample, pieces: [])
    do throws(IndexedDataError) {
      try dataset.members[member].order.appendPieces(of: sample, to: &row.pieces)
    } catch {
      throw .dataset(error)
    }
    let (microStep, place) = index.quotientAndRemainder(
      dividingBy: settings.globalMicroBatchSize)
    var sightings: [Sighting] = []
    for side in sides {
      for piece in try pieces(of: row, side: side) where piece.document == document {
        sightings.append(
          Sighting(
            microStep: microStep, rank: place / settings.microBatchSize,
            row: side * settings.microBatchSize + place % settings.microBatchSize, sample: index,
            piece: piece))
      }
    }
    return sightings
  }

  private func inPasses(_ first: [Sighting], _ microSteps: Range<Int>) -> [Sighting] {
    var all: [Sighting] = []
    for pass in (microSteps.lowerBound / count)...(max(microSteps.upperBound, 1) / count) {
      for var sighting in first {
        sighting.microStep += pass * count
        if microSteps.contains(sighting.microStep) { all.append(sighting) }
      }
    }
    return all.sorted { one, other in
      (one.microStep, one.rank, one.row, one.piece.columns.lowerBound)
        < (other.microStep, other.rank, other.row, other.piece.columns.lowerBound)
    }
  }
}
