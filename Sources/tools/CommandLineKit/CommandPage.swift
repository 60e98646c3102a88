/// A command: what its arguments are, what its help says and what it does.
package protocol Command: Sendable {
  /// The texts of the help page.
  static var page: CommandPage { get }

  /// The table of arguments, in the order in which help shows them.
  static var groups: [ArgumentGroup<Self>] { get }

  /// Makes the arguments as they are when nothing is typed.
  init()

  /// Does the work.
  func run() throws
}

/// The texts of a command's manual page that its table of arguments does not hold.
package struct CommandPage: Sendable {
  /// A line of an example and what it does.
  package struct Example: Sendable {
    /// What the command does, as a sentence.
    package let purpose: String
    /// The command, as it is typed.
    package let command: String

    package init(_ purpose: String, _ command: String) {
      self.purpose = purpose
      self.command = command
    }
  }

  /// A term with its explanation.
  package struct Entry: Sendable {
    /// The term: a file name, an exit status.
    package let term: String
    /// Its meaning.
    package let meaning: String

    package init(_ term: String, _ meaning: String) {
      self.term = term
      self.meaning = meaning
    }
  }

  /// The word that selects the command, or the program's name.
  package let name: String
  /// One line: what the command does.
  package let summary: String
  /// Paragraphs; each is wrapped when shown.
  package var description: [String] { describe() }
  /// Examples that a person can paste.
  package var examples: [Example] { giveExamples() }
  /// Files that the command reads or writes.
  package let files: [Entry]
  /// What the exit statuses mean.
  package let exitStatus: [Entry]
  // Texts that are made when help is asked for: each start would pay for those of all commands.
  private let describe: @Sendable () -> [String]
  private let giveExamples: @Sendable () -> [Example]

  package init(
    name: String, summary: String, description: @autoclosure @escaping @Sendable () -> [String],
    examples: @autoclosure @escaping @Sendable () -> [Example] = [],
    files: [Entry] = [], exitStatus: [Entry] = CommandPage.usualExitStatus
  ) {
    self.name = name
    self.summary = summary
    describe = description
    giveExamples = examples
    self.files = files
    self.exitStatus = exitStatus
  }

  /// Done, failed, wrong usage.
  package static let usualExitStatus = [
    Entry("0", "The work is done."),
    Entry("1", "It failed; the reason is on standard error."),
    Entry("2", "The command line is wrong; nothing was read or written."),
  ]
}
