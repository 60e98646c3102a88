/// Which parameters decay (GPT-NeoX: `megatron/model/utils.py`).
package enum ParameterGroups {
  /// The groups that GPT-NeoX makes: one without decay where there is none, else those that decay,
  /// then those that don't; empty ones are left out.
  ///
  /// - Returns: each group's weight decay and the places of its parameters.
  package static func make(
    _ parameters: [ParameterSlice], weightDecay: Double
  ) -> [(weightDecay: Double, members: [Int])] {
    guard weightDecay != 0 else { return [(0, Array(parameters.indices))] }
    let decaying = parameters.indices.filter { parameters[$0].decays }
    let others = parameters.indices.filter { !parameters[$0].decays }
    return [(weightDecay, decaying), (0, others)].filter { !$0.1.isEmpty }
  }
}
