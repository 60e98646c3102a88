internal import Glibc
internal import Machine

extension DatasetPiece {
  /// The path of the index.
  var layoutPath: String { prefix + ".idx" }
}

extension DatasetAssembly {
  /// Converts bytes of a piece in blocks of a mebibyte.
  func convert(
    _ source: borrowing InputFile, _ bytes: Range<Int>, of piece: DatasetPiece,
    to target: inout AppendFile, _ check: InputCheck?, _ options: TendOptions
  ) throws(IndexedDataError) {
    let conversion = ElementConversion(source: piece.elementType, target: elementType)
    var input = ByteBuffer(capacity: 1 << 20)
    var output = ByteBuffer(capacity: 8 << 20)
    var place = bytes.lowerBound
    while place < bytes.upperBound {
      try endWhereRaised(options.interruption)
      input.removeAll()
      output.removeAll()
      try asking { () throws(SystemError) in
        let wanted = min(1 << 20, bytes.upperBound - place)
        guard try source.read(wanted, at: place, to: &input) == wanted else {
          throw SystemError(call: "read", path: source.path, code: ENODATA)
        }
      }
      try check?.take(input.bytes, at: place, options.interruption)
      if let misfit = conversion.append(input.bytes, to: &output) {
        throw .doesNotFit(
          path: source.path, byte: place + misfit.place * piece.elementType.byteCount,
          value: misfit.value, type: elementType)
      }
      try asking { () throws(SystemError) in
        try target.append(output.bytes)
      }
      place += input.count
    }
  }

  /// Copies the sizes of all pieces, which must be those of the elements that were copied.
  func writeSizes(_ index: inout IndexStream) throws(IndexedDataError) {
    for piece in pieces {
      let first = piece.sequences.lowerBound
      let limit = piece.bytes.count / piece.elementType.byteCount
      var sizes = try piece.layout.sizes(
        piece.layoutPath, from: first, count: piece.sequences.count)
      var left = limit
      for sequence in piece.sequences {
        let byte = sizes.byteOffset
        let size = Int(try sizes.read())
        guard size >= 0, size <= left else {
          throw .malformed(
            path: piece.layoutPath, byte: byte, what: "size of sequence \(sequence)",
            expected: "0 to \(left), the elements left for it", found: "\(size)")
        }
        left -= size
        try index.append(size: Int64(size))
      }
      guard left == 0 else {
        throw .malformed(
          path: piece.layoutPath,
          byte: piece.layout.sizesOffset + piece.layout.sizeByteCount * first,
          what: "sum of the sizes", expected: "\(limit), the elements copied",
          found: "\(limit - left)")
      }
    }
  }

  /// Joins document indexes: each is shifted by the sequences before it and loses its first entry.
  func writeDocuments(_ index: inout IndexStream) throws(IndexedDataError) {
    try index.append(documentEntry: 0)
    var before = 0
    for piece in pieces {
      let shift = Int64(before - piece.sequences.lowerBound)
      before += piece.sequences.count
      guard !piece.documents.isEmpty else { continue }
      guard piece.hasDocumentBoundaries else {
        for sequence in piece.sequences {
          try index.append(documentEntry: Int64(sequence + 1) + shift)
        }
        continue
      }
      let first = piece.documents.lowerBound + 1
      var entries = try piece.layout.documentEntries(
        piece.layoutPath, from: first, count: piece.documents.count)
      var last = Int64(piece.sequences.lowerBound)
      for document in piece.documents {
        let byte = entries.byteOffset
        let entry = try entries.read()
        guard entry >= last, entry <= Int64(piece.sequences.upperBound) else {
          throw .malformed(
            path: piece.layoutPath, byte: byte, what: "document index entry \(document + 1)",
            expected: "\(last) to \(piece.sequences.upperBound)", found: "\(entry)")
        }
        last = entry
        try index.append(documentEntry: entry + shift)
      }
    }
  }

  /// Copies modes; sequences without one get 0.
  func writeModes(_ index: inout IndexStream) throws(IndexedDataError) {
    for piece in pieces where !piece.sequences.isEmpty {
      guard let offset = piece.layout.modesOffset else {
        for _ in piece.sequences { try index.append(mode: 0) }
        continue
      }
      var modes = try NumberStream(
        path: piece.layoutPath, offset: offset + piece.sequences.lowerBound,
        count: piece.sequences.count, width: 1)
      for _ in piece.sequences { try index.append(mode: Int8(truncatingIfNeeded: modes.read())) }
    }
  }
}
