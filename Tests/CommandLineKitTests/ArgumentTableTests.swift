import Testing

@testable import CommandLineKit
@testable import Machine

struct ArgumentTableTests {
  @Test func theSampleTableIsSound() {
    #expect(tableFaults(SampleCommand.groups) == [])
  }

  @Test func mistakesOfTheAuthorAreFound() {
    let groups: [ArgumentGroup<SampleCommand>] = [
      ArgumentGroup(
        "a",
        [
          .flag("--force", \.force, "x."), .flag("--force", \.verbose, ""),
          .option("output", \.output, "y"), .positionals("A", \.inputs, "z"),
          .positionals("B", \.inputs, "z"),
        ]), ArgumentGroup("b", []),
    ]
    #expect(
      tableFaults(groups) == [
        "--force: the help ends with a full stop", "--force is used twice", "--force has no help",
        "output is not the name of an option",
        "two positional arguments take any number of words", "a group is empty",
      ])
  }

  @Test func rowsCanBeLiftedIntoALargerTable() throws {
    struct Outer: Sendable { var inner = SampleCommand() }
    let parser = ArgumentParser<Outer>(SampleCommand.groups.map { $0.lifted(to: \.inner) })
    let outcome = try parser.parse(["a", "--prefix", "p", "--workers", "5"], into: Outer())
    guard case .run(let outer) = outcome else { return #expect(Bool(false)) }
    #expect(outer.inner.workers == 5 && outer.inner.inputs == ["a"])
  }

  @Test func suggestionsAreCloseOrAbsent() {
    #expect(closestName(to: "--vocba-file", among: ["--vocab-file", "--merge"]) == "--vocab-file")
    #expect(closestName(to: "--zzz", among: ["--vocab-file", "--merge"]) == nil)
    #expect(editDistance(Array("kitten".utf8), Array("sitting".utf8)) == 3)
    #expect(editDistance(Array("ab".utf8), Array("ba".utf8)) == 1)
  }

  @Test(arguments: [
    ("64K", 65536), ("1GiB", 1 << 30), ("512MiB", 512 << 20), ("1.5KiB", 1536), ("2MB", 2_000_000),
    ("0", 0), ("10", 10),
  ])
  func sizesAreRead(word: String, bytes: Int) {
    #expect(ByteSize(argument: word)?.bytes == bytes)
  }

  @Test(arguments: ["", "K", "-1", "1Q", "1e9", "9999999TiB", "1 GiB", "infinity", "0x10"])
  func otherSizesAreRefused(word: String) {
    #expect(ByteSize(argument: word) == nil)
  }

  @Test func durationsAreRead() {
    #expect(TimeSpan(argument: "500ms")?.seconds == 0.5)
    #expect(TimeSpan(argument: "2h")?.argumentText == "2h")
    #expect(TimeSpan(argument: "90")?.argumentText == "90s")
    #expect(TimeSpan(argument: "soon") == nil)
  }
}
