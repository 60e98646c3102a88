internal import Machine

extension TrainingConfiguration {
  /// Number types and the loss scale.
  package struct Precision: Sendable, Equatable {
    /// The types of weights and activations.
    package enum Kind: String, Sendable {
      case float32 = "fp32"
      case float16 = "fp16"
      case bfloat16
    }

    /// The type of weights and activations; master weights are always fp32.
    package let kind: Kind
    /// The loss scale; only with fp16.
    package let lossScale: LossScale?
  }

  /// What the loss is multiplied by, so that small gradients do not vanish in fp16.
  ///
  /// `nil` is what the `fp16` dictionary does not say: DeepSpeed's defaults depend on whether it says
  /// anything about a moving scale.
  package struct LossScale: Sendable, Equatable {
    /// A scale that never changes; `nil` is a moving one.
    package let fixed: Double?
    /// The first moving scale is 2 to this power.
    package let initialPower: Int?
    /// Steps without overflow after which the scale doubles.
    package let window: Int?
    /// Overflows before the scale halves.
    package let hysteresis: Int?
    /// Whether every good step restores the hysteresis.
    package let restoresHysteresis: Bool?
    /// The smallest scale.
    package let minimum: Double?
  }

  /// The optimizer.
  package struct Optimizer: Sendable {
    /// The kind in lower case, under GPT-NeoX's name, such as `cpu_adam`.
    package let kind: String
    /// `optimizer.params`, without those that mean nothing here.
    package let parameters: [(name: String, value: ConfigurationValue)]
    /// The top-level `weight_decay`, or `optimizer.params.weight_decay` where only that is given.
    package let weightDecay: Double
    /// Whether the configuration names a weight decay.
    package let isWeightDecayGiven: Bool
    /// The stage of ZeRO, which decides between two behaviours of GPT-NeoX in places.
    package let zeroStage: Int
    /// The largest global norm of the gradients; `nil` is no limit.
    package let clipping: Double?
  }

  /// The learning rate.
  package struct LearningRate: Sendable, Equatable {
    /// The curves after the warm-up.
    package enum Style: String, Sendable {
      case constant, linear, cosine, exponential
    }

    /// The curve after the warm-up.
    package let style: Style
    /// The highest rate.
    package let peak: Double
    /// The lowest rate after the warm-up.
    package let minimum: Double
    /// The share of the curve during which the rate rises.
    package let warmup: Double
    /// `lr_decay_iters`: the steps of the whole curve.
    package let decayIterations: Int?
    /// `lr_decay_fraction`: the same as a share of the run; ``decayIterations`` wins.
    package let decayFraction: Double?
    /// Whether a resumed run follows the configuration's curve.
    package let overridesCheckpoint: Bool
    /// Whether a resumed run follows the checkpoint's curve.
    package let followsCheckpoint: Bool
  }

  /// What is saved and loaded.
  package struct Checkpoints: Sendable, Equatable {
    /// How far checkpoints are apart.
    package enum Spacing: Sendable, Equatable {
      /// Every so many steps.
      case every(Int)
      /// Steps ⌊factorʲ⌋ for j = 0, 1, 2, …
      case powers(of: Double)
    }

    /// The folder in which checkpoints are saved; `nil` saves none.
    package let folder: String?
    /// How far they are apart; `nil` saves at ``extraSteps`` and at the end alone.
    package let spacing: Spacing?
    /// Further steps after which to save.
    package let extraSteps: [Int]
    /// How many checkpoints are kept; `nil` is all.
    package let keptCount: Int?
    /// The checkpoint to begin with.
    package let load: String?
    /// The model that the policy is held to; `nil` is what ``load`` gives.
    package let referenceLoad: String?
    /// The step to load; `nil` is the newest.
    package let iteration: Int?
    /// Whether the optimizer's state is loaded.
    package let loadsOptimizer: Bool
    /// Whether weights alone are taken and the run begins at step 0.
    package let isFinetuning: Bool

    /// What has to be set for a run that starts again to go on from ``folder``, such as
    /// `load=checkpoints and finetune=false`; `nil` where it does.
    package var settingsToGoOn: String? {
      guard let folder else { return nil }
      var settings: [String] = []
      let isLoaded = load.map { $0 == folder || FileIdentity($0) == FileIdentity(folder) }
      if isLoaded != true { settings.append("load=\(folder)") }
      if isFinetuning { settings.append("finetune=false") }
      // Empty is nothing: the newest.
      if iteration != nil { settings.append("iteration=") }
      return settings.isEmpty ? nil : settings.joined(separator: " and ")
    }

    /// The same as the end of a message.
    package var wayToGoOn: String {
      (settingsToGoOn.map { "with \($0) " } ?? "") + "the same command continues from it"
    }
  }
}
