extension HuggingFaceArchitecture {
  /// The class that computes what a model computes.
  ///
  /// - Throws: ``TrainError/unsupported(what:reason:)`` where there is none, with the keys that a model
  ///   needs to be one of the classes that are nearest.
  package init(for settings: HuggingFaceSettings) throws(TrainError) {
    // The sliding window is what Mistral's has more than Llama's.
    let rms: Self = settings.window == nil ? .llama : .mistral
    let candidates = [Self.gptNeoX, rms, .gpt2].map { ($0, $0.changes(to: settings)) }
    if let (fitting, _) = candidates.first(where: { $0.1.isEmpty }) {
      self = fitting
      return
    }
    let nearest = candidates.enumerated().sorted { a, b in
      (a.element.1.count, a.offset) < (b.element.1.count, b.offset)
    }.map(\.element).prefix(2)
    let ways = nearest.map { architecture, changes in
      "\(architecture.rawValue) needs \(changes.joined(separator: " and "))"
    }
    throw .unsupported(
      what: "export to transformers",
      reason:
        "no class there computes this model: \(ways.joined(separator: "; ")). These are keys to "
        + "train with: a trained model cannot be changed; --to safetensors writes it with GPT-NeoX's "
        + "names")
  }

  /// What would have to be otherwise in a model for the class to compute it, as keys of a configuration
  /// with what they would be and are.
  private func changes(to settings: HuggingFaceSettings) -> [String] {
    var changes: [String] = []
    func require(_ isGood: Bool, _ change: String) {
      if !isGood { changes.append(change) }
    }
    let norm: HuggingFaceSettings.Norm = isRMS ? .rmsnorm : .layernorm
    require(settings.norm == norm, "norm \(norm.rawValue) (not \(settings.norm.rawValue))")
    let positions: HuggingFaceSettings.Positions = self == .gpt2 ? .learned : .rotary
    require(
      settings.positions == positions,
      "pos_emb \(positions.rawValue) (not \(settings.positions.rawValue))")
    require(
      settings.isGated == isRMS && ActivationName.huggingFaceName(settings) != nil,
      "activation \(isRMS ? "swiglu" : "gelu") (not \(settings.activation))")
    if !isRMS {
      require(
        settings.keyValueHeadCount == settings.headCount,
        "num_kv_heads \(settings.headCount) (not \(settings.keyValueHeadCount))")
      require(settings.window == nil, "no sliding_window_width")
    }
    if self != .gptNeoX {
      require(!settings.isParallel, "gpt_j_residual false (not true)")
    }
    if isRMS {
      require(
        settings.rotaryFraction == 1, "rotary_pct 1 (not \(settings.rotaryFraction))")
    }
    if self == .mistral {
      require(!settings.hasAttentionBias, "use_bias_in_attn_linear false (not true)")
      require(!settings.hasMLPBias, "use_bias_in_mlp false (not true)")
    }
    return changes
  }

  private var isRMS: Bool { self == .llama || self == .mistral }
}
