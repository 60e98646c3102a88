internal import CommandLineKit
package import Train

extension TrainError: ExitStatusProviding {
  /// 75 where the same command goes on with what is there, 2 where `--set` is wrong, else 1.
  package var exitStatus: Int32 {
    switch self {
    case .interrupted(_, goesOn: true): 75
    case .invalidConfiguration(_, isOfSettings: true): 2
    default: 1
    }
  }
}

extension ConfigurationReport {
  /// How a program ends that meets its problems: 2 where `--set` alone makes them, else 1.
  package var exitStatus: Int32 { isOfSettings ? 2 : 1 }
}
