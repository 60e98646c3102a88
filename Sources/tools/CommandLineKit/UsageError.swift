internal import Machine

/// An error that decides with which status the program ends.
package protocol ExitStatusProviding: Error {
  /// The status: 1 failed, 2 wrong usage, 75 interrupted and resumable.
  var exitStatus: Int32 { get }
}

/// A command line that cannot be understood, in argparse's words.
package struct UsageError: ExitStatusProviding, Equatable, CustomStringConvertible {
  /// The sentence, without the program's name.
  package let message: String

  package init(_ message: String) { self.message = message }

  /// The sentence.
  package var description: String { message }
  /// 2.
  package var exitStatus: Int32 { 2 }
}

/// A file or folder that an argument names and that is not there, or cannot be read: the command line is right, and what it
/// is about is not.
package struct MissingPath: ExitStatusProviding, Equatable, CustomStringConvertible {
  /// The argument, what is missing, and what to do.
  package let description: String

  /// Says that the folder of the path that `argument` gives is not there, or is none.
  package init(folder: String, of argument: String) {
    description = "argument \(argument): \(DurableFile.missingFolder(folder))"
  }

  /// Says why what `argument` names cannot be read.
  package init(_ error: any Error, of argument: String) {
    description = "argument \(argument): \(error)"
  }

  /// 1.
  package var exitStatus: Int32 { 1 }
}

/// Ends the program with a status and no message, because everything has been said.
package struct QuietExit: ExitStatusProviding, Equatable {
  /// The status.
  package let exitStatus: Int32

  package init(_ exitStatus: Int32) { self.exitStatus = exitStatus }
}

/// Work that a signal ended.
package struct Interrupted: ExitStatusProviding, CustomStringConvertible {
  /// What became of the work.
  package let description: String
  /// 1, or 75 where it can be resumed.
  package let exitStatus: Int32

  package init(description: String, exitStatus: Int32) {
    self.description = description
    self.exitStatus = exitStatus
  }
}
