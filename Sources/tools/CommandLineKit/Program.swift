internal import Glibc
internal import Machine

/// A program: a command of its own, commands that are selected by the first word, or both.
package struct Program: Sendable {
  /// A command with its type forgotten.
  package struct Entry: Sendable {
    let page: CommandPage
    let faults: @Sendable () -> [String]
    let help: @Sendable (_ program: String?, _ commands: [CommandPage.Entry]) -> String
    let usage: @Sendable (_ name: String) -> String
    let prepare: @Sendable ([String]) throws(UsageError) -> (@Sendable () throws -> Void)?

    /// Makes an entry of a command; `page` and `adjust` make several commands of one type.
    package init<C: Command>(
      _ type: C.Type, page: CommandPage = C.page,
      adjust: @escaping @Sendable (inout C) -> Void = { _ in }
    ) {
      self.page = page
      let initial: @Sendable () -> C = {
        var command = C()
        adjust(&command)
        return command
      }
      faults = { tableFaults(C.groups) }
      help = { program, commands in
        helpPage(
          page, program: program, groups: C.groups, defaults: initial(), commands: commands,
          hasVersion: program == nil)
      }
      usage = { usageLine($0, C.groups) }
      prepare = { (words) throws(UsageError) in
        switch try ArgumentParser(C.groups).parse(words, into: initial()) {
        case .help: nil
        case .run(let command): { try command.run() }
        }
      }
    }
  }

  /// The program's name.
  package let name: String
  /// The version that `--version` shows.
  package let version: String
  private let page: CommandPage
  private let root: Entry?
  private let rootTakesWords: Bool
  private let commands: [Entry]

  /// A program that only has commands.
  package init(page: CommandPage, version: String, commands: [Entry]) {
    self.name = page.name
    self.version = version
    self.page = page
    self.root = nil
    rootTakesWords = false
    self.commands = commands
  }

  /// A program that is a command, and may have others.
  ///
  /// With `rootTakesWords` a first word that names no command is an argument of the program itself;
  /// without, it is a misspelled command.
  package init(
    root: Entry, version: String, commands: [Entry] = [], rootTakesWords: Bool = false
  ) {
    self.name = root.page.name
    self.version = version
    self.page = root.page
    self.root = root
    self.rootTakesWords = rootTakesWords
    self.commands = commands
  }

  /// What is wrong with the program's tables; empty where nothing is.
  package var faults: [String] {
    let names = commands.map(\.page.name)
    let twice = Set(names).count == names.count ? [] : ["two commands have one name"]
    return twice
      + ((root.map { [$0] } ?? []) + commands).flatMap { entry in
        entry.faults().map { "\(entry.page.name): \($0)" }
      }
  }

  /// The help page of the program, or of one of its commands.
  package func help(of command: String? = nil) -> String? {
    if let command {
      return commands.first { $0.page.name == command }?.help(name, [])
    }
    let listed = commands.map {
      CommandPage.Entry($0.page.name, $0.page.summary)
    }
    return root?.help(nil, listed)
      ?? helpPage(
        page, program: nil, groups: [ArgumentGroup<NoArguments>](), defaults: NoArguments(),
        commands: listed, hasVersion: true)
  }

  /// The names of the commands that help lists.
  package var commandNames: [String] { commands.map(\.page.name) }

  /// Runs the program with the words that follow its name; returns the exit status.
  package func run(_ words: [String]) -> Int32 {
    let first = words.first
    if first == "--version" {
      StandardOutput.shared.line("\(name) \(version)")
      return finish(0)
    }
    if let entry = commands.first(where: { $0.page.name == first }) {
      return run(entry, program: name, Array(words.dropFirst()))
    }
    if let root, rootTakesWords || first.map({ $0.hasPrefix("-") }) ?? true {
      return run(root, program: nil, words)
    }
    if first == "-h" || first == "--help" {
      StandardOutput.shared.write(help() ?? "")
      return finish(0)
    }
    return refuse(first)
  }

  private func refuse(_ word: String?) -> Int32 {
    let listed = commandNames.map { "'\($0)'" }.joined(separator: ", ")
    let usage = "usage: \(name) COMMAND [options]\n"
    guard let word else {
      return fail(name, usage, UsageError("the following arguments are required: COMMAND"))
    }
    guard !word.hasPrefix("-") else {
      return fail(name, usage, UsageError("unrecognized arguments: \(word)"))
    }
    let hint = closestName(to: word, among: commandNames).map { "; did you mean '\($0)'?" } ?? ""
    return fail(
      name, usage,
      UsageError("argument COMMAND: invalid choice: '\(word)' (choose from \(listed))\(hint)"))
  }

  private func run(_ entry: Entry, program: String?, _ words: [String]) -> Int32 {
    let fullName = program.map { "\($0) \(entry.page.name)" } ?? entry.page.name
    do {
      let prepared: (@Sendable () throws -> Void)?
      do throws(UsageError) { prepared = try entry.prepare(words) } catch {
        throw program == nil ? hinted(error, words.first) : error
      }
      guard let work = prepared else {
        let page = program == nil ? help() : help(of: entry.page.name)
        StandardOutput.shared.write(page ?? "")
        return finish(0)
      }
      try work()
      return finish(0)
    } catch let error as UsageError {
      return fail(fullName, entry.usage(fullName), error)
    } catch let error as QuietExit {
      return finish(error.exitStatus)
    } catch {
      StandardOutput.shared.flush()
      writeError("\(name): error: \(error)\n")
      return (error as? any ExitStatusProviding)?.exitStatus ?? 1
    }
  }

  /// Adds the command that a first word, which the program itself takes, may have been meant as.
  private func hinted(_ error: UsageError, _ word: String?) -> UsageError {
    guard let word, !word.hasPrefix("-"), !DurableFile.exists(word),
      let near = closestName(to: word, among: commandNames)
    else { return error }
    return UsageError("\(error.message) ('\(word)' is no command; did you mean '\(near)'?)")
  }

  private func fail(_ fullName: String, _ usage: String, _ error: UsageError) -> Int32 {
    StandardOutput.shared.flush()
    writeError("\(usage)\(fullName): error: \(error.message)\n")
    return error.exitStatus
  }

  private func finish(_ status: Int32) -> Int32 {
    let code = StandardOutput.shared.flush()
    guard code != 0 else { return status }
    writeError("\(name): error: standard output: \(unsafe String(cString: strerror(code)))\n")
    return max(status, 1)
  }
}

/// Runs a program with the words of its command line and ends the process.
package func runProgram(_ program: Program) -> Never {
  occupyStandardDescriptors()
  // A closed pipe is an error of one write, not the end of work that may be resumable.
  signal(SIGPIPE, SIG_IGN)
  // A file that may not grow further (`ulimit -f`) is an error of the write, as a full disk is.
  signal(SIGXFSZ, SIG_IGN)
  tellOfLostPages()
  exit(program.run(Array(CommandLine.arguments.dropFirst())))
}

/// Lets a mapped file that is cut while it is read, or whose disk fails, end the program with a line and
/// with 1, not by a signal without a word; other bus errors stay what they are.
private func tellOfLostPages() {
  var action = sigaction()
  unsafe action.__sigaction_handler.sa_sigaction = { number, info, _ in
    let text: StaticString =
      """
      error: a file became shorter while it was read, or its disk failed; leave inputs as they are \
      until the work is done

      """
    // BUS_ADRERR: memory that nothing lies behind.
    if unsafe info?.pointee.si_code == 2 {
      _ = unsafe write(STDERR_FILENO, text.utf8Start, text.utf8CodeUnitCount)
      _exit(1)
    }
    signal(number, SIG_DFL)
    raise(number)
  }
  action.sa_flags = SA_SIGINFO
  unsafe sigaction(SIGBUS, &action, nil)
}

/// Opens `/dev/null` on each of the descriptors 0, 1 and 2 that is closed.
///
/// Else the next file opened, a dataset perhaps, would get the number, and what is meant for standard
/// error would be written into it. Each is opened the wrong way round, so that reading or writing
/// fails as it does on a closed one.
private func occupyStandardDescriptors() {
  for descriptor in [STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO]
  where fcntl(descriptor, F_GETFD) == -1 && errno == EBADF {
    // The lowest free number is given, and those below are taken by now.
    let mode = descriptor == STDIN_FILENO ? O_WRONLY : O_RDONLY
    guard unsafe open("/dev/null", mode) == descriptor else { exit(1) }
  }
}

/// The arguments of a program that only has commands.
private struct NoArguments: Sendable {}
