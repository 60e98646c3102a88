extension Shard: CustomStringConvertible {
  /// Most parts there can be: their numbers have five digits in file names.
  package static let largestCount = 99_999

  /// Reads `i/n`, counted from 0; `nil` when it is something else or out of range.
  package init?(_ text: String) {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count == 2, let index = Int(parts[0]), let count = Int(parts[1]),
      (1...Self.largestCount).contains(count), (0..<count).contains(index)
    else { return nil }
    self.init(index: index, of: count)
  }

  /// `i/n`.
  package var description: String { "\(index)/\(count)" }

  /// The output prefix of this part: `PREFIX` for the whole, else `PREFIX_00003-of-00016`.
  ///
  /// So the parts' names sort in the order of their documents, and a merge of all files in name order
  /// is the merge that is wanted. (GPT-NeoX's script appends the bare rank, which sorts 10 before 2.)
  package func prefix(_ prefix: String) -> String {
    count == 1 ? prefix : "\(prefix)_\(fiveDigits(index))-of-\(fiveDigits(count))"
  }

  private func fiveDigits(_ number: Int) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(5 - digits.count, 0)) + digits
  }
}

/// How a run among many learns which part is its own.
package struct ShardEnvironment: Equatable, Sendable {
  /// The part.
  package let shard: Shard
  /// The variables that said so.
  package let source: String

  /// Pairs of variables, first match wins, as in GPT-NeoX's `multinode_prepare_data.sh`.
  private static let variables = [
    ("RANK", "WORLD_SIZE"), ("SLURM_PROCID", "SLURM_NTASKS"),
    ("OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"), ("PMI_RANK", "PMI_SIZE"),
  ]

  /// The names of the variables, for help and messages.
  package static let variableNames = variables.map { "\($0)/\($1)" }.joined(separator: ", ")

  /// The names of all the variables.
  package static let allNames = variables.flatMap { [$0.0, $0.1] }

  /// A sentence about a pair of which only one half is set; `nil` where there is none.
  package static func missingHalf(_ environment: [String: String]) -> String? {
    for (rank, size) in variables {
      switch (environment[rank], environment[size]) {
      case (_?, nil): return "\(rank) is set, but \(size) is not"
      case (nil, _?): return "\(size) is set, but \(rank) is not"
      default: continue
      }
    }
    return nil
  }

  /// Looks for a rank and a number of ranks; `nil` where there are none.
  ///
  /// - Throws: ``PipelineError/badShardEnvironment(variable:value:)`` when a pair is there but makes no
  ///   sense.
  package init?(_ environment: [String: String]) throws(PipelineError) {
    for (rank, size) in Self.variables {
      guard let rankText = environment[rank], let sizeText = environment[size] else { continue }
      guard let shard = Shard("\(rankText)/\(sizeText)") else {
        throw .badShardEnvironment(variable: "\(rank)/\(size)", value: "\(rankText)/\(sizeText)")
      }
      self.shard = shard
      source = "\(rank)/\(size)"
      return
    }
    return nil
  }
}
