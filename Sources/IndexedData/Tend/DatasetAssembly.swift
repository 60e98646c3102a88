internal import Machine

/// Writes a dataset that consists of pieces of others, in bounded memory.
struct DatasetAssembly {
  /// The pieces in order.
  var pieces: [DatasetPiece]
  /// The output's format.
  var format: IndexFormat
  /// The output's type of elements; every element must fit.
  var elementType: ElementType
  /// Whose codes the output has.
  var variant: IndexVariant
  /// Whether modes of sequences are kept; sequences that have none get 0.
  var keepsModes: Bool

  /// Writes the dataset, which gets its name when the work is done.
  ///
  /// - Returns: what was written.
  func write(
    to prefix: String, in work: TendTransaction
  ) throws(IndexedDataError) -> TendedDataset {
    let options = work.options
    let output = try OutputPair(prefix: prefix, inputs: work.inputs, options)
    let elements = try writeElements(output, work)
    var index = try IndexStream.begin(
      path: output.idxPath, format: format, elementType: elementType, variant: variant,
      sequenceCount: pieces.reduce(0) { $0 + $1.sequences.count },
      documentEntryCount: pieces.reduce(1) { $0 + $1.documents.count },
      interruption: options.interruption)
    try writeSizes(&index)
    try writeDocuments(&index)
    if keepsModes { try writeModes(&index) }
    if options.isDurable { try index.synchronize() } else { try index.flush() }
    var result = TendedDataset(
      prefix: prefix, elementType: elementType,
      sequences: pieces.reduce(0) { $0 + $1.sequences.count },
      documents: pieces.reduce(0) { $0 + $1.documents.count },
      tokens: elements / elementType.byteCount)
    let sources = pieces.map {
      SourcePiece(prefix: $0.prefix, documents: [$0.documents], of: $0.sourceDocumentCount)
    }
    try output.writeSources(sources, &result, options)
    try work.take(output, result)
    return result
  }

  /// Writes `.bin`; returns its length.
  private func writeElements(
    _ output: OutputPair, _ work: TendTransaction
  ) throws(IndexedDataError) -> Int {
    let options = work.options
    let total = pieces.reduce(0) { $0 + $1.bytes.count }
    var done = 0
    let path = output.binPath
    var target = try asking { () throws(SystemError) in
      try AppendFile(path: path, syncsEarly: options.isDurable)
    }
    for piece in pieces {
      let source = try asking { () throws(SystemError) in
        try InputFile(path: piece.prefix + ".bin")
      }
      let check = work.check(of: piece.prefix)
      var place = piece.bytes.lowerBound
      while place < piece.bytes.upperBound {
        try endWhereRaised(options.interruption)
        let step = min(TendOptions.copyStep, piece.bytes.upperBound - place)
        if piece.elementType == elementType {
          try asking { () throws(SystemError) in
            try target.append(copyOf: source, from: place, count: step)
          }
          try output.note(
            place..<place + step, of: check, appendedTo: &target, options.interruption)
        } else {
          let before = target.byteCount
          try convert(source, place..<(place + step), of: piece, to: &target, check, options)
          try output.note(
            before..<target.byteCount, of: nil, appendedTo: &target, options.interruption)
        }
        place += step
        done += step
        options.progress(done, total)
      }
    }
    try asking { () throws(SystemError) in
      if options.isDurable { try target.synchronize() } else { try target.flush() }
    }
    return target.byteCount
  }
}
