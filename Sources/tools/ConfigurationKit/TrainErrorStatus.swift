internal import CommandLineKit
package import Train

extension TrainError: ExitStatusProviding {
  /// 75 where the same command goes on with what is there, else 1.
  package var exitStatus: Int32 {
    if case .interrupted(_, goesOn: true) = self { return 75 }
    return 1
  }
}
