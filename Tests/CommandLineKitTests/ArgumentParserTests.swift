import CommandLineKit
import Testing

struct ArgumentParserTests {
  private func parse(_ line: String) throws -> SampleCommand {
    let words = line.split(separator: " ").map(String.init)
    switch try ArgumentParser(SampleCommand.groups).parse(words, into: SampleCommand()) {
    case .help: throw UsageError("help")
    case .run(let command): return command
    }
  }

  @Test func everyKindOfValueIsRead() throws {
    let command = try parse(
      "a b --prefix p --keys x y --workers 3 --memory 64K --pause 2m --flavour mint --share 0.25 -f"
    )
    #expect(command.inputs == ["a", "b"])
    #expect(command.keys == ["x", "y"])
    #expect(command.prefix == "p")
    #expect(command.workers == 3)
    #expect(command.memory.bytes == 65536)
    #expect(command.pause.seconds == 120)
    #expect(command.flavour == .mint)
    #expect(command.share == 0.25)
    #expect(command.force && !command.verbose)
  }

  @Test func optionsMayStandAnywhere() throws {
    let command = try parse("a -v --prefix p b --workers=2 c")
    #expect(command.inputs == ["a", "b", "c"])
    #expect(command.workers == 2 && command.verbose)
  }

  @Test func shortFormsAreJoined() throws {
    #expect(try parse("a --prefix p -fv").force)
    #expect(try parse("a --prefix p -fv").verbose)
    #expect(try parse("a --prefix p -oreport").output == "report")
    #expect(try parse("a --prefix p -fo report").output == "report")
    #expect(try parse("a --prefix p -o=report").output == "report")
  }

  @Test func uniquePrefixesAndHiddenNamesAreAccepted() throws {
    #expect(try parse("a --pre p --work 4").workers == 4)
    #expect(try parse("a --stem p").prefix == "p")
  }

  @Test func wordsAfterTwoDashesArePositional() throws {
    #expect(try parse("--prefix p -- -f --force").inputs == ["-f", "--force"])
  }

  @Test func listsEndAtTwoDashes() throws {
    let command = try parse("--prefix p -k x y -- a")
    #expect(command.keys == ["x", "y"] && command.inputs == ["a"])
  }

  @Test func flagsAndWhatMayBeRepeatedAreNoMistakeTheSecondTime() throws {
    #expect(try parse("a --prefix p -f --force").force)
    #expect(try parse("a --prefix p --note x --note y").notes == ["x", "y"])
  }

  @Test func negativeNumbersAndASingleDashAreValues() throws {
    #expect(try parse("- -3 --prefix p --share -0.5").inputs == ["-", "-3"])
    #expect(try parse("a --prefix p --share -0.5").share == -0.5)
  }

  @Test func helpWinsOverEverything() throws {
    #expect(try SampleCommand.parsed("--workers", "2", "-h", "--nonsense") == nil)
  }

  @Test(arguments: [
    ("a", "the following arguments are required: --prefix"),
    ("", "the following arguments are required: --prefix, FILE"),
    ("a --prefix", "argument --prefix: expected one argument"),
    ("a --prefix --force", "argument --prefix: expected one argument"),
    ("a --prefix p --keys", "argument -k/--keys: expected at least one argument"),
    ("a --prefix p --workers x", "argument --workers: invalid int value: 'x'"),
    ("a --prefix p --workers 0", "argument --workers: must be at least 1, not 0"),
    ("a --prefix p --share nan", "argument --share: invalid float value: 'nan'"),
    ("a --prefix p --force=yes", "argument -f/--force: ignored explicit argument 'yes'"),
    (
      "a --prefix p --memory 3X",
      "argument --memory: invalid size value: '3X' "
        + "(expected a number and a unit, such as 64K, 512MiB or 1GiB)"
    ),
    (
      "a --prefix p --flavour mnit",
      "argument --flavour: invalid choice: 'mnit' "
        + "(choose from 'vanilla', 'mint', 'ginger'); did you mean 'mint'?"
    ),
    ("a --prefix p --stem q", "argument --prefix: given twice; give it once"),
    ("a --prefix p -o x --output=x", "argument -o/--output: given twice; give it once"),
    (
      "a --prefix p --keys x -k y",
      "argument -k/--keys: given twice; give it once, with all its values behind it"
    ),
    ("a --p x", "ambiguous option: --p could match --prefix, --pause"),
    ("a --prefix p --zzz", "unrecognized arguments: --zzz"),
    ("a --prefix p --wrokers 3", "unrecognized arguments: --wrokers (did you mean --workers?)"),
    ("a --prefix p -x", "unrecognized arguments: -x"),
    ("--perfix p a", "unrecognized arguments: --perfix (did you mean --prefix?)"),
    (
      "--zzz --perfix=p a --wrokers x",
      "unrecognized arguments: --zzz --perfix=p (did you mean --prefix?) --wrokers (did you mean "
        + "--workers?)"
    ),
  ])
  func mistakesAreNamedInArgparsesWords(line: String, message: String) {
    #expect(throws: UsageError(message)) { try parse(line) }
  }

  @Test func randomWordsNeverTrap() {
    let pieces = [
      "-", "--", "a", "--keys", "-k", "-f", "-fv", "=", "--workers", "3", "-1", "--memory=1G", "é",
    ]
    var state: UInt64 = 7
    for _ in 0..<20_000 {
      var words: [String] = []
      for _ in 0..<6 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        let word = pieces[Int(state >> 33) % pieces.count]
        words.append((state >> 60) < 4 ? word + pieces[Int(state >> 40) % pieces.count] : word)
      }
      _ = try? ArgumentParser(SampleCommand.groups).parse(words, into: SampleCommand())
    }
  }
}
