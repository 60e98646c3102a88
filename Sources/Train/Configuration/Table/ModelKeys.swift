extension ConfigurationTable {
  private static let kernel = KeyTreatment.noEffect(
    "it chooses a CUDA kernel; the mathematics is the same")
  private static let activations = [
    "gelu", "geglu", "relu", "softsign", "swish", "mish", "silu", "reglu", "swiglu", "bilinear",
    "glu",
  ]
  private static let initializers = [
    "normal", "scaled_normal", "orthogonal", "scaled_orthogonal", "xavier_uniform",
    "xavier_normal", "wang_init", "small_init", "single_residual_scaled_normal",
  ]

  /// The shape of the model.
  static let model: [ConfigurationKey] = [
    .choice(
      "precision", nil, ["fp16", "fp32", "bfloat16"],
      "number type of weights and activations; fp32 where neither it nor fp16 nor bf16 is given"),
    .int("num_layers", nil, "number of blocks; required"),
    .int("hidden_size", nil, "width of the model; required"),
    .int("intermediate_size", nil, "width of the MLP before the rule for gates; 4 × hidden_size"),
    .int("mlp_multiple_of", 1, "MLP widths are rounded up to multiples of it"),
    .number("expansion_factor", nil, "width of the MLP as a multiple of hidden_size"),
    .int("num_attention_heads", nil, "query heads; required"),
    .int("num_kv_heads", nil, "key and value heads; as many as query heads where it is not given"),
    .int("seq_length", nil, "tokens of a sample; max_position_embeddings where it is not given"),
    .int("sliding_window_width", nil, "a token sees this many tokens before it"),
    .int("max_position_embeddings", nil, "longest sequence that positions are there for; required"),
    .choice(
      "norm", "layernorm",
      [
        "layernorm", "rmsnorm", "non_parametric_layernorm", "scalenorm", "te_rmsnorm",
        "te_layernorm",
      ], "kind of the norms",
      .refusedChoices([
        "te_rmsnorm": "Transformer Engine is not here; rmsnorm is the same mathematics",
        "te_layernorm": "Transformer Engine is not here; layernorm is the same mathematics",
      ])),
    .flag("layernorm_fusion", false, "use Apex's kernel for layernorm", kernel),
    .flag("rmsnorm_fusion", false, "use Apex's kernel for rmsnorm", kernel),
    .flag("use_qk_layernorm", false, "normalise queries and keys"),
    .number("layernorm_epsilon", 1e-5, "what layernorm adds to the variance"),
    .number("rms_norm_epsilon", 1e-8, "what rmsnorm adds to the mean square"),
    .number("scalenorm_epsilon", 1e-8, "smallest norm by which scalenorm divides"),
    .choice(
      "pos_emb", "learned", ["learned", "rotary", "sinusoidal", "rpe", "alibi", "none"],
      "how positions enter the model"),
    .int("rpe_num_buckets", 32, "distances that rpe tells apart"),
    .int("rpe_max_distance", 128, "distance from which on rpe sees no difference"),
    .int("opt_pos_emb_offset", 0, "what is added to learned positions; 2 in OPT models"),
    .flag("no_weight_tying", false, "give the output a matrix of its own"),
    .row(
      "attention_config", .list(.any), nil,
      "kind of every layer, as `[[[kinds …], times] …]`; all global where it is not given"),
    .map("sparsity_config", "settings of block-sparse attention", .noEffect("no layer is sparse")),
    .int("num_unique_layers", nil, "number of layers with weights of their own", unread),
    .text("param_sharing_style", "grouped", "how layers share weights", unread),
    .int("make_vocab_size_divisible_by", 128, "the embedding's rows are rounded up to multiples"),
    .choice("activation", "gelu", activations, "activation of the MLP; five of them are gated"),
    .flag("use_flashattn_swiglu", false, "use flash-attention's kernel for swiglu", kernel),
    .flag(
      "scaled_upper_triang_masked_softmax_fusion", false, "use a kernel for causal softmax", kernel),
    .flag("scaled_masked_softmax_fusion", false, "use a kernel for masked softmax", kernel),
    .flag("bias_gelu_fusion", false, "compute GELU by its tanh approximation"),
    .flag("bias_dropout_fusion", false, "use a kernel for bias, dropout and residual", kernel),
    .flag("rope_fusion", false, "use a kernel for rotary positions", kernel),
    .text(
      "fused_kernels_build_path", nil, "folder in which CUDA kernels are compiled",
      .noEffect("no kernels are compiled")),
    .flag(
      "fp16_lm_cross_entropy", false, "compute the loss in fp16",
      .refused("the loss is computed in fp32; GPT-NeoX stops with an assertion here")),
    .number("init_method_std", 0.02, "standard deviation of normal initial weights"),
    .flag(
      "apply_query_key_layer_scaling", false,
      "divide attention scores by the layer's number and multiply them in an fp32 softmax"),
    .flag(
      "use_cpu_initialization", false, "draw whole matrices before they are cut over processes",
      .noEffect("matrices are whole")),
    .flag(
      "attention_softmax_in_fp32", false, "compute the softmax of attention in fp32",
      .noEffect("it is always computed in fp32")),
    .number("rotary_pct", 1, "share of a head's width that is rotated"),
    .int("rotary_emb_base", 10000, "base of the rotation's frequencies"),
    .flag(
      "rotary_save_freqs_buffer", false, "store the rotation's frequencies in checkpoints",
      .noEffect("the frequencies follow from rotary_pct and rotary_emb_base")),
    .choice(
      "init_method", "normal", initializers, "initial weights of matrices that read the stream"),
    .choice(
      "output_layer_init_method", "scaled_normal", initializers,
      "initial weights of matrices that write to the stream"),
    .int(
      "gmlp_attn_dim", 64, "width of the attention in amlp layers", .noEffect("no layer is amlp")),
    .flag("gpt_j_residual", false, "attention and MLP read the same stream, side by side"),
    .flag("gpt_j_tied", false, "with gpt_j_residual, both read the same norm"),
    .flag("use_bias_in_norms", true, "whether norms have a bias; layernorm always has", unread),
    .flag("use_bias_in_attn_linear", true, "whether attention's matrices have biases"),
    .flag("use_bias_in_mlp", true, "whether the MLP's matrices have biases"),
    .map("soft_prompt_tuning", "train a prompt instead of weights", .noEffect("it is not enabled")),
    .flag("mamba_selective_scan_fusion", false, "use a kernel for Mamba's scan", noMamba),
    .flag("mamba_causal_conv_fusion", false, "use a kernel for Mamba's convolution", noMamba),
    .flag("mamba_inner_func_fusion", false, "use one kernel for a Mamba layer", noMamba),
    .flag("mamba_selective_fp32_params", true, "keep two of Mamba's weights in fp32", noMamba),
    .flag("mamba_use_bias_in_conv", true, "whether Mamba's convolution has a bias", noMamba),
    .flag("mamba_use_bias_in_linears", false, "whether Mamba's matrices have biases", noMamba),
    .choice(
      "output_layer_parallelism", "column", ["column"],
      "how the output matrix is cut over processes", .noEffect("it is whole")),
    .flag("serve_model_weights", false, "offer weights to a sampling server", .refused(noOnline)),
    .row(
      "weight_server_port", .either([.integer, .list(.integer)]), .integer(6000),
      "port of that offer", .noEffect("no weights are offered")),
    .row(
      "online_dataserver_ips", .either([.string, .list(.string)]), .string("localhost"),
      "machines that sample while training", .noEffect("dataset_impl is not online")),
    .row(
      "online_dataserver_ports", .either([.integer, .list(.integer)]), .integer(10000),
      "their ports", .noEffect("dataset_impl is not online")),
    .flag(
      "te_columnparallel", false, "use Transformer Engine's first linear layer", transformerEngine),
    .flag(
      "te_rowparallel", false, "use Transformer Engine's second linear layer", transformerEngine),
    .flag("te_layernorm_mlp", false, "use Transformer Engine's norm with MLP", transformerEngine),
    .flag("te_mha", false, "use Transformer Engine's attention", transformerEngine),
    .choice("te_fp8_format", "hybrid", ["e4m3", "hybrid"], "8-bit number type", no8Bits),
    .flag("te_fp8_wgrad", true, "compute gradients of weights in 8 bits", no8Bits),
    .int("te_fp8_amax_history_len", 1, "steps over which the largest value is kept", no8Bits),
    .text("te_fp8_amax_compute_algo", "most_recent", "how the largest value is chosen", no8Bits),
    .int("te_fp8_margin", 0, "spare bits of the 8-bit scale", no8Bits),
    .flag("te_fp8_mha", false, "compute attention in 8 bits", no8Bits),
    .int("dim_att", nil, "width of RWKV's time mix", noRWKV),
    .int("head_size", nil, "width of RWKV's heads", noRWKV),
    .int("ffn_dim", nil, "width of RWKV's channel mix", noRWKV),
  ]

  private static let noMamba = KeyTreatment.noEffect("no layer is mamba")
  private static let noRWKV = KeyTreatment.noEffect("no layer is rwkv")
  private static let no8Bits = KeyTreatment.noEffect("Transformer Engine's layers are not used")
  private static let transformerEngine = KeyTreatment.refused(
    "Transformer Engine is not here; set it to false for the same mathematics in plain layers")

  /// Why reinforcement learning from samples is refused.
  static let noOnline = "training from samples of a running server is not supported"
}
