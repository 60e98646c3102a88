/// What a model of GPT-NeoX's family is made of.
///
/// Names in comments are GPT-NeoX's keys.
package struct ModelSettings: Sendable, Equatable {
  /// How a model knows the order of tokens (`pos_emb`).
  package enum Positions: Sendable, Equatable {
    /// Only causality tells.
    case none
    /// A trained table of `count` positions, of which the first `offset` are left out
    /// (`max_position_embeddings`, `opt_pos_emb_offset`).
    case learned(count: Int, offset: Int)
    /// Fixed sines and cosines.
    case sinusoidal
    /// Rotation of the first `width` numbers of each head (`rotary_pct`, `rotary_emb_base`).
    case rotary(width: Int, base: Double)
    /// A trained bias by bucket of distance (`rpe_num_buckets`, `rpe_max_distance`).
    case relativeBias(buckets: Int, maximumDistance: Int)
    /// A bias that falls with distance, at a slope for each head.
    case alibi
  }

  /// The norm of the hidden state (`norm`).
  package enum NormKind: String, Sendable {
    case layerNorm, rmsNorm, scaleNorm, nonParametricLayerNorm
  }

  /// What the model ends in.
  package enum Head: Sendable, Equatable {
    /// A matrix of its own (`no_weight_tying: true`).
    case untied
    /// The matrix of the embedding.
    case tied
    /// One number a token: a reward model (`rm_linear`).
    case reward
  }

  /// How many layers there are (`num_layers`).
  package var layerCount: Int
  /// Numbers of a token's hidden state (`hidden_size`).
  package var hiddenSize: Int
  /// Heads of queries (`num_attention_heads`).
  package var headCount: Int
  /// Heads of keys and values (`num_kv_heads`): ``headCount`` where every head has its own.
  package var keyValueHeadCount: Int
  /// Rows of the embedding, padding included.
  package var vocabularySize: Int
  /// Tokens of the longest sequence (`seq_length`).
  package var sequenceLength: Int
  /// How order is known.
  package var positions = Positions.none
  /// The norm before each part of a layer and at the end.
  package var norm = NormKind.layerNorm
  /// What keeps a norm's divisor from zero (`layernorm_epsilon` and its like).
  package var normEpsilon: Float = 1e-5
  /// Whether queries and keys have a norm (`use_qk_layernorm`).
  package var normalizesQueriesAndKeys = false
  /// The function between the products of a feed-forward part (`activation`).
  package var activation = Activation(.gelu)
  /// Columns of `mlp.linear2.weight`: the width between the two products, gates not counted.
  package var innerSize: Int
  /// Whether the feed-forward part has biases (`use_bias_in_mlp`).
  package var hasFeedForwardBias = true
  /// Whether attention has biases (`use_bias_in_attn_linear`).
  package var hasAttentionBias = true
  /// Whether attention and feed-forward work side by side (`gpt_j_residual`).
  package var isParallel = false
  /// Whether both sides share one norm (`gpt_j_tied`).
  package var sharesNorm = false
  /// What the model ends in.
  package var head = Head.untied
  /// How many keys before itself a query sees (`sliding_window_width`).
  package var slidingWindow: Int?
  /// Layers whose queries see all keys all the same, from 0: the reference forgets the window there.
  package var windowlessLayers: Set<Int> = []
  /// Whether scores are scaled by layer (`apply_query_key_layer_scaling`).
  ///
  /// It matters only for biases of scores, which it multiplies.
  package var scalesScoresByLayer = false
  /// The share of what is added to the hidden state that is dropped (`hidden_dropout`).
  package var hiddenDropout: Float = 0
  /// The share of attention probabilities that is dropped (`attention_dropout`).
  package var attentionDropout: Float = 0
  /// How most matrices begin (`init_method`).
  package var initialization = InitializationScheme.normal
  /// How the matrices begin that write to the hidden state (`output_layer_init_method`).
  package var outputInitialization = InitializationScheme.scaledNormal
  /// The standard deviation of normal numbers (`init_method_std`).
  package var initializationDeviation: Double = 0.02
  /// Modules of a recomputed piece: `checkpoint_num_layers` where `checkpoint_activations` is on.
  package var checkpointedLayers: Int?
  /// Whether faults of the reference are imitated (`neox_quirks`).
  package var hasQuirks = false

  /// Describes a model with GPT-NeoX's defaults for the rest.
  package init(
    layerCount: Int, hiddenSize: Int, headCount: Int, vocabularySize: Int, sequenceLength: Int
  ) {
    self.layerCount = layerCount
    self.hiddenSize = hiddenSize
    self.headCount = headCount
    keyValueHeadCount = headCount
    self.vocabularySize = vocabularySize
    self.sequenceLength = sequenceLength
    innerSize = 4 * hiddenSize
  }

  /// Numbers of a head.
  package var headWidth: Int { hiddenSize / headCount }
  /// Rows of `attention.query_key_value.weight`.
  package var queryKeyValueSize: Int { (headCount + 2 * keyValueHeadCount) * headWidth }
  /// Rows of `mlp.linear1.weight`.
  package var innerRows: Int { activation.isGated ? 2 * innerSize : innerSize }
  /// Whether queries attend at all; the reference leaves attention out here.
  var hasAttention: Bool { !(hasQuirks && isParallel && !hasFeedForwardBias) }

  /// Finds what cannot be computed.
  ///
  /// - Throws: ``TrainError/unsupported(what:reason:)``.
  package func check() throws(TrainError) {
    func require(_ condition: Bool, _ what: String, _ reason: String) throws(TrainError) {
      if !condition { throw .unsupported(what: what, reason: reason) }
    }
    try require(
      layerCount > 0 && hiddenSize > 0 && headCount > 0 && vocabularySize > 0 && innerSize > 0
        && sequenceLength > 0, "model", "every size must be at least 1")
    try require(
      hiddenSize % headCount == 0, "hidden_size \(hiddenSize)",
      "must be a multiple of num_attention_heads \(headCount)")
    try require(
      keyValueHeadCount > 0 && headCount % keyValueHeadCount == 0,
      "num_kv_heads \(keyValueHeadCount)", "must divide num_attention_heads \(headCount)")
    try require(
      !normalizesQueriesAndKeys || keyValueHeadCount == headCount, "use_qk_layernorm",
      "needs as many key heads as query heads; unset num_kv_heads")
    try require(
      hiddenDropout >= 0 && hiddenDropout < 1 && attentionDropout >= 0 && attentionDropout < 1,
      "dropout", "must be at least 0 and below 1")
    try require(
      checkpointedLayers ?? 1 > 0, "checkpoint_num_layers", "must be at least 1")
    switch positions {
    case .rotary(let width, let base):
      try require(
        width > 0 && width % 2 == 0 && width <= headWidth && base > 0, "rotary_pct",
        "turns \(width) of \(headWidth) numbers of a head; it must be an even count above 0")
    case .learned(let count, let offset):
      try require(
        offset >= 0 && sequenceLength + offset <= count, "max_position_embeddings \(count)",
        "must be at least seq_length \(sequenceLength) + opt_pos_emb_offset \(offset)")
    case .sinusoidal:
      try require(hiddenSize % 2 == 0, "hidden_size", "must be even for sinusoidal positions")
    case .relativeBias(let buckets, let maximum):
      try require(
        buckets >= 2 && maximum > buckets / 2, "rpe_num_buckets \(buckets)",
        "must be at least 2, and rpe_max_distance above half of it")
    case .none, .alibi: break
    }
  }
}
