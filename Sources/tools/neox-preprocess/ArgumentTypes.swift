import CommandLineKit
import Preprocess
import Tokenize

// Words of the command line that become values of the libraries.

extension TokenizerKind: ArgumentValue {}
extension ErrorPolicy: ArgumentValue {}
extension SpecialInText: ArgumentValue {}
extension DatasetImplementation: ArgumentValue {}
extension UnsupervisedPolicy: ArgumentValue {}
extension RewardChoice.Element: ArgumentValue {}

extension PipelineError: ExitStatusProviding {
  /// 75 when the same command continues, 2 for options, else 1.
  public var exitStatus: Int32 {
    if isResumable { return 75 }
    switch self {
    case .option, .badShardEnvironment: return 2
    default: return 1
    }
  }
}

extension TrainTokenizerError: ExitStatusProviding {
  /// 2 for options, else 1.
  public var exitStatus: Int32 {
    switch self {
    case .vocabularyTooSmall, .emptySpecialToken: 2
    default: 1
    }
  }
}

/// Which part of the input to prepare, as `--shard` says it.
enum ShardChoice: Equatable, ArgumentValue {
  /// The whole input.
  case whole
  /// The part that the environment of a parallel job gives.
  case auto
  /// A part named by hand.
  case part(Shard)

  init?(argument word: String) {
    switch word {
    case "whole": self = .whole
    case "auto": self = .auto
    default:
      guard let shard = Shard(word) else { return nil }
      self = .part(shard)
    }
  }

  static let kind = "shard"
  static let form = "whole, auto, or i/n with i from 0 to n-1"

  var argumentText: String {
    switch self {
    case .whole: "whole"
    case .auto: "auto"
    case .part(let shard): shard.description
    }
  }
}
