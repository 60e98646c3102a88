/// Everything that a configuration decides about a run: the values of its keys, and what follows
/// from them.
package struct TrainingConfiguration: Sendable {
  /// The shape of the model and its initial weights.
  package let model: Model
  /// Number types and the loss scale.
  package let precision: Precision
  /// How many samples a step has.
  package let batch: BatchSizes
  /// How long the run is, and when it is evaluated.
  package let length: Length
  /// What is trained on.
  package let data: Data
  /// The tokenizer, which gives the size of the vocabulary.
  package let tokenizer: Tokenizer
  /// What is learned.
  package let objective: Objective
  /// The optimizer.
  package let optimizer: Optimizer
  /// The learning rate.
  package let learningRate: LearningRate
  /// What is saved and loaded.
  package let checkpoints: Checkpoints
  /// Which activations are computed again.
  package let recomputation: Recomputation
  /// What is written about the run.
  package let logging: Logging
  /// Text from the trained model.
  package let generation: Generation
  /// The seed of initial weights, data order and dropout; above 0.
  package let seed: Int
  /// Whether GPT-NeoX's mistakes are repeated, for comparison with its runs.
  package let usesQuirks: Bool
  /// Whether GPT-NeoX would run its pipeline engine, with one stage, which has mistakes of its own.
  package let usesPipelineEngine: Bool
  /// The names and the texts of the files, which checkpoints keep.
  package let files: [(name: String, text: String)]
  /// The `key=value` that won over the files.
  package let settings: [String]
}

extension TrainingConfiguration {
  /// How long a run is, and when it is evaluated.
  package struct Length: Sendable, Equatable {
    /// Optimizer steps; `nil` where ``epochs`` is given.
    package let iterations: Int?
    /// Passes over the training data; `nil` where ``iterations`` is given.
    package let epochs: Int?
    /// Steps between evaluations; `nil` is never.
    package let evaluationInterval: Int?
    /// Batches of one evaluation, each of as many micro batches as a step has.
    package let evaluationIterations: Int
    /// The run stops after a step that is a multiple of it, without saving.
    package let exitInterval: Int?
  }

  /// The tokenizer.
  package struct Tokenizer: Sendable, Equatable {
    /// The kind, under GPT-NeoX's name (`HFTokenizer`).
    package let kind: String
    /// The vocabulary or model.
    package let vocabularyFile: String?
    /// The merges of a GPT-2 vocabulary.
    package let mergesFile: String?
    /// The embedding has a multiple of so many rows.
    package let vocabularyMultiple: Int
  }

  /// Which activations are computed again during the backward pass.
  package struct Recomputation: Sendable, Equatable {
    /// Whether any are.
    package let isOn: Bool
    /// Layers between activations that are kept.
    package let layersPerChunk: Int
  }

  /// What is written about a run.
  package struct Logging: Sendable, Equatable {
    /// The folder for the log and `metrics.jsonl`.
    package let folder: String?
    /// The folder for TensorBoard's event files.
    package let tensorBoardFolder: String?
    /// Steps between log lines.
    package let interval: Int
    /// Whether the phases of a step are timed and printed.
    package let timesPhases: Bool
    /// What the device can do at best, in 10¹² operations a second.
    package let peakTeraflops: Double?
  }

  /// Text from a trained model.
  package struct Generation: Sendable, Equatable {
    /// Where prompts come from.
    package enum Mode: String, Sendable {
      case unconditional
      case inputFile = "input-file"
      case interactive
      case precompute
    }

    /// Where prompts come from; prompts of a file where one is given, else none.
    package let mode: Mode
    /// Whether `text_gen_type` says so.
    package let isModeGiven: Bool
    /// How evenly tokens are drawn; 0 leaves the logits alone.
    package let temperature: Double
    /// The sum of probabilities from which tokens are drawn; 0 is all.
    package let topP: Double
    /// The number of tokens from which one is drawn; 0 is all.
    package let topK: Int
    /// Whether logits are written beside the text.
    package let returnsLogits: Bool
    /// The longest answer in tokens.
    package let maximumTokens: Int
    /// What ends a prompt.
    package let promptEnd: String
    /// The file of prompts.
    package let inputFile: String?
    /// The file for texts.
    package let outputFile: String
    /// The number of texts without a prompt.
    package let sampleCount: Int
    /// Whether keys and values of all tokens are computed anew for every token.
    package let recomputes: Bool
  }
}
