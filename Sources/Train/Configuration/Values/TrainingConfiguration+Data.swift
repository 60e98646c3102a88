package import IndexedData

extension TrainingConfiguration {
  /// What is trained on.
  package struct Data: Sendable, Equatable {
    /// Where samples come from.
    package let source: Source
    /// How documents fill samples.
    package let packing: Packing
    /// In which order samples are drawn.
    package let order: DataOrder
    /// How datasets are read.
    package let reading: ReadingMode
    /// Whether documents longer than a sample are kept, cut.
    package let keepsLongDocuments: Bool
    /// Whether datasets are weighed by their numbers of documents.
    package let weighsByDocuments: Bool
    /// The exponent of that weighing.
    package let weighingExponent: Double
    /// Whether predictions are left out whose input is the end of a document.
    package let masksEndOfDocument: Bool
    /// The end of the names of datasets with a reference model's values.
    package let referenceName: String?
    /// Whether a sample without a trained label is an error; else such samples are counted.
    package let refusesUnsupervised: Bool
  }

  /// How documents fill samples.
  package enum Packing: String, Sendable {
    case packed
    case packUntilOverflow = "pack_until_overflow"
    case unpacked
  }

  /// Where samples come from.
  package enum Source: Sendable, Equatable {
    /// Nothing is named, which is enough to check and to generate.
    case none
    /// One dataset, divided by `shares` (three numbers as text, such as `969, 30, 1`).
    case split(path: String, shares: String)
    /// Datasets for each purpose.
    case lists(train: [Dataset], valid: [Dataset], test: [Dataset])
    /// Pairs of preferred and other answers for each purpose.
    case pairs(train: [Pair], valid: [Pair], test: [Pair])
  }

  /// A dataset by its prefix, with what lies beside it.
  package struct Dataset: Sendable, Equatable {
    /// The prefix of `.bin` and `.idx`.
    package let path: String
    /// The prefix of its labels.
    package let labels: String?
    /// The prefix of its rewards.
    package let rewards: String?
    /// How often it is drawn, against the others.
    package let weight: Double
  }

  /// Two datasets of which document i of one is preferred to document i of the other.
  package struct Pair: Sendable, Equatable {
    /// The preferred answers.
    package let preferred: Dataset
    /// The others.
    package let other: Dataset
    /// How often it is drawn, against the others.
    package var weight: Double { preferred.weight }
  }

  /// What is learned.
  package enum Objective: Sendable, Equatable {
    /// The next token.
    case languageModel
    /// Direct preference optimisation; `sharesPrefixes` is `dpo_shared_prefix`.
    case dpo(beta: Double, isReferenceFree: Bool, sharesPrefixes: Bool)
    /// A reward model; `squaredOutputWeight` is `z_loss`.
    case rewardModel(squaredOutputWeight: Double)
    /// Kahneman–Tversky optimisation.
    case kto(
      beta: Double, desirableWeight: Double, undesirableWeight: Double, isPublishedForm: Bool)

    /// Whether there is a reference model, in memory or precomputed.
    package var hasReference: Bool {
      switch self {
      case .languageModel, .rewardModel: false
      case .dpo(_, let isReferenceFree, _): !isReferenceFree
      case .kto: true
      }
    }

    /// Whether the head gives one number instead of those of the vocabulary.
    package var isRewardModel: Bool {
      if case .rewardModel = self { return true }
      return false
    }

    /// Whether what the answers of a pair begin with is computed once.
    package var sharesPrefixes: Bool {
      if case .dpo(_, _, sharesPrefixes: true) = self { return true }
      return false
    }
  }
}
