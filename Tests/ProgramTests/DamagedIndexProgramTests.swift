import Foundation
import TestSupport
import Testing

/// What `neox-index` makes of a dataset whose index is damaged in ways that opening does not find.
struct DamagedIndexProgramTests {
  let folder: TemporaryFolder
  static let program = BuiltProgram("neox-index")

  init() throws { folder = try TemporaryFolder() }

  private func index(_ words: String...) throws -> ProgramRun {
    try Self.program.run(words.map { $0.replacing("@", with: folder.path + "/") })
  }

  private var names: [String] {
    get throws { try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() }
  }

  /// Writes a uint16 dataset of `sizes`, whose document index is as given, and whose index says
  /// `stated` of the sizes.
  private func write(
    _ name: String, sizes: [Int], stated: [Int]? = nil, documents: [Int]
  ) throws {
    func little(_ value: Int, _ width: Int) -> [UInt8] {
      (0..<width).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
    }
    var idx = Array("MMIDIDX\0\0".utf8) + little(1, 8) + [8]
    idx += little(sizes.count, 8) + little(documents.count, 8)
    var place = 0
    for size in stated ?? sizes { idx += little(size, 4) }
    for size in sizes {
      idx += little(place, 8)
      place += 2 * size
    }
    for entry in documents { idx += little(entry, 8) }
    try folder.write(name + ".idx", idx)
    try folder.write(name + ".bin", (0..<place).map { UInt8(truncatingIfNeeded: $0 % 2) })
  }

  @Test(arguments: [
    ["export", "--ids", "@a"], ["export", "--ids", "@a", "-o", "@x.jsonl"], ["show", "@a", "2"],
    ["show", "@a", "0", "2", "--json"], ["sample", "@a", "-n", "4"],
  ])
  func aDocumentIndexThatFallsIsAnError(words: [String]) throws {
    try write("a", sizes: [1, 2, 3, 1, 2], documents: [0, 2, 3, 1, 5])
    let run = try Self.program.run(words.map { $0.replacing("@", with: folder.path + "/") })
    #expect(run.status == 1, "\(run.all)")
    #expect(
      run.errors.contains(
        "a.idx: byte \(34 + 12 * 5 + 8 * 3): document index entry 3: expected 3 to 5, found 1"),
      "\(run.all)")
    #expect(try names == ["a.bin", "a.idx"])
  }

  @Test(arguments: [
    ["export", "--ids", "@a"], ["export", "--ids", "@a", "-o", "@x.jsonl"], ["show", "@a", "1"],
    ["dedupe", "--exact", "@a", "-o", "@d"], ["sample", "@a", "-n", "3", "--ids"],
  ])
  func aSizeThatPointersDenyIsAnError(words: [String]) throws {
    try write("a", sizes: [1, 2, 3], stated: [1, 1, 3], documents: [0, 1, 2, 3])
    let run = try Self.program.run(words.map { $0.replacing("@", with: folder.path + "/") })
    #expect(run.status == 1, "\(run.all)")
    #expect(
      run.errors.contains(
        "a.idx: byte 38: size of sequence 1: expected what lies between the pointers 2 and 6, found "
          + "1 elements of 2 bytes"), "\(run.all)")
    #expect(try names == ["a.bin", "a.idx"])
  }

  @Test(arguments: [["info", "@a"], ["stats", "@a"], ["report", "@a", "-o", "@r.html"]])
  func sizesThatDoNotAddUpAreAnError(words: [String]) throws {
    try write("a", sizes: [1, 2, 3], stated: [1, 1, 3], documents: [0, 1, 2, 3])
    let run = try Self.program.run(words.map { $0.replacing("@", with: folder.path + "/") })
    #expect(run.status == 1, "\(run.all)")
    #expect(
      run.errors.contains(
        "a.idx: byte 34: sum of the sizes: expected 6, the elements in \(folder.path)"),
      "\(run.all)")
    #expect(try names == ["a.bin", "a.idx"])
  }

  @Test(arguments: [
    ([1, 1, 3], 38, "size of sequence 1: expected 2 by the pointers, found 1"),
    ([1, -2, 3], 38, "size of sequence 1: expected 0 to 7, found -2"),
    ([1, 2, 5], 42, "size of sequence 2: expected 3 by the pointers, found 5"),
  ])
  func mergingNamesTheInputThatIsDamaged(stated: [Int], byte: Int, message: String) throws {
    for name in ["a", "c"] { try write(name, sizes: [4, 1], documents: [0, 1, 2]) }
    // Not the last size, which opening looks at.
    try write("b", sizes: [1, 2, 3, 1], stated: stated + [1], documents: [0, 1, 2, 3, 4])
    let run = try index("merge", "@a", "@b", "@c", "-o", "@m")
    #expect(run.status == 1, "\(run.all)")
    #expect(run.errors.contains("/b.idx: byte \(byte): \(message)"), "\(run.all)")
    #expect(try names.allSatisfy { !$0.hasPrefix("m") })
  }

  @Test(arguments: [
    ["split", "@a", "--parts", "2", "-o", "@s"],
    ["convert", "@a", "--format", "cached", "-o", "@c"],
    ["pack", "@a", "-o", "@p"],
  ])
  func whatCopiesComparesSizesAndPointers(words: [String]) throws {
    try write("a", sizes: [1, 2, 3, 1], stated: [1, 1, 3, 1], documents: [0, 1, 2, 3, 4])
    let run = try Self.program.run(words.map { $0.replacing("@", with: folder.path + "/") })
    #expect(run.status == 1, "\(run.all)")
    #expect(
      run.errors.contains(
        "/a.idx: byte 38: size of sequence 1: expected 2 by the pointers, found 1; neox-index verify "
          + "\(folder.path)/a lists"), "\(run.all)")
    #expect(try names == ["a.bin", "a.idx"])
  }

  @Test func whatCopiesChecksTheDimensionsOfTNTIDX() throws {
    try write("a", sizes: [1, 2, 3], documents: [0, 1, 2, 3])
    #expect(try index("convert", "@a", "--format", "cached", "-o", "@c").status == 0)
    var idx = try folder.read("c.idx")
    idx[56 + 8] = 7
    try folder.write("c.idx", idx)
    let run = try index("merge", "@c", "@a", "-o", "@m")
    #expect(run.status == 1, "\(run.all)")
    #expect(
      run.errors.contains("/c.idx: byte 64: dimension offset 1: expected 1, found 7"), "\(run.all)")
  }

  @Test func documentsOfAPartAreNoDamage() throws {
    try write("a", sizes: [1, 1, 1, 1], documents: [0, 2, 2, 4])
    #expect(try index("split", "@a", "--parts", "2", "-o", "@s").status == 0)
    // As many documents as sequences, which GPT-NeoX would not have written.
    let part = try index("verify", "@s_1")
    #expect(part.status == 1 && !part.output.contains("repair"), "\(part.all)")
    let packed = try index("pack", "@s_1", "-o", "@p")
    #expect(packed.status == 0, "\(packed.all)")
    try write("b", sizes: [1, 1], documents: [0, 3, 2])
    let damaged = try index("verify", "@b")
    #expect(damaged.status == 1 && damaged.output.contains("neox-index repair"), "\(damaged.all)")
  }

  @Test func anIndexWithoutBoundariesIsPacked() throws {
    try write("a", sizes: [1, 2], documents: [0])
    let run = try index("pack", "@a", "-o", "@p")
    #expect(run.status == 0 && run.output.contains("2 documents, 3 tokens"), "\(run.all)")
  }

  @Test func verifyingNamesTheRepairThatMayHelp() throws {
    func lines(_ name: String) throws -> [Substring] {
      try index("verify", "@\(name)").output.split(separator: "\n")
    }
    let repair =
      "neox-index repair \(folder.path)/a -o OTHER_PREFIX may write a sound dataset from it; where the"
      + " index is of no use, it asks for what it needs"
    try write("a", sizes: [1, 2, 3], stated: [1, 1, 3], documents: [0, 1, 2, 3])
    #expect(try lines("a").last.map(String.init) == repair)
    try folder.write("a.idx", [])
    #expect(
      try lines("a").first?.hasSuffix("byte 0: magic: expected MMIDIDX or TNTIDX, found nothing")
        == true)
    #expect(try lines("a").last.map(String.init) == repair)
    // A companion of another shape is none.
    try write("b_document", sizes: [1, 2], documents: [0, 1, 2])
    try write("b_label_document", sizes: [1, 3], documents: [0, 1, 2])
    let list = try index("verify", "@b_document")
    #expect(list.status == 1 && !list.output.contains("repair"), "\(list.all)")
  }

  @Test(arguments: [
    ["merge", "@a", "@a", "-o", "@m"], ["export", "--ids", "@a", "-o", "@x.jsonl"],
  ])
  func aFileThatMayNotGrowIsAnErrorThatLeavesNothing(words: [String]) throws {
    // More than the limit, in blocks of 512 or 1,024 bytes.
    try write("a", sizes: [9_000], documents: [0, 1])
    let run = try Self.program.run(
      words.map { $0.replacing("@", with: folder.path + "/") }, shellSetup: "ulimit -f 8")
    #expect(
      run.status == 1 && run.errors.contains("File too large (write); make room"), "\(run.all)")
    #expect(try names == ["a.bin", "a.idx"])
  }

  @Test func theFilesOfADatasetAreOneInput() throws {
    try write("a", sizes: [1, 2], documents: [0, 1, 2])
    try write("b", sizes: [3], documents: [0, 1])
    let files = try index("merge", "@a.bin", "@a.idx", "@b.bin", "@b.idx", "-o", "@m")
    #expect(files.status == 0 && files.output.contains("3 documents, 6 tokens"), "\(files.all)")
    let twice = try index("merge", "@a", "@a", "@b.idx", "@b.idx", "-o", "@n")
    #expect(twice.status == 0 && twice.output.contains("6 documents, 12 tokens"), "\(twice.all)")
  }

  @Test func aPartBehindItsDocumentIsAnError() throws {
    try write("a", sizes: [1, 2], documents: [0, 1, 2])
    let end = try index("show", "@a", "1:2-", "--ids")
    #expect(end.status == 0 && end.output.contains("0 of 2 tokens"), "\(end.all)")
    let behind = try index("show", "@a", "1:3-9", "--ids")
    #expect(
      behind.status == 1
        && behind.errors.contains("document 1: token 3 is out of range: there are 2"),
      "\(behind.all)")
  }

  @Test func repairTellsWhatIsLost() throws {
    try write("a", sizes: [1, 2, 3], documents: [0, 1, 2, 3])
    try folder.write("a.bin", [0, 0, 1, 0])
    let run = try index("repair", "@a", "-o", "@r")
    #expect(
      run.status == 0
        && run.errors.contains(
          "lost the last 2 of 3 sequences, 5 elements in all: they are not whole"),
      "\(run.all)")
    try folder.write("a.bin", [])
    let nothing = try index("repair", "@a", "-o", "@s")
    #expect(
      nothing.status == 1
        && nothing.errors.contains("a.bin: holds none of the 3 sequences of the index whole"),
      "\(nothing.all)")
  }

  @Test func documentsBesideTheDamageAreShown() throws {
    try write("a", sizes: [1, 2, 3, 1, 2], documents: [0, 2, 3, 1, 5])
    let run = try index("show", "@a", "1", "3", "--ids")
    #expect(run.status == 0 && run.output.contains("document 3: 8 of 8 tokens"), "\(run.all)")
  }

  @Test func repairWithoutAnIndexNamesWhatItNeeds() throws {
    try folder.write("a.bin", [1, 0, 2, 0, 0, 0])
    let nothing = try index("repair", "@a", "-o", "@r")
    #expect(nothing.status == 1, "\(nothing.all)")
    #expect(
      nothing.errors.contains(
        "a.idx: is not there; to make one from .bin, give --element-type TYPE and --eod-id ID"),
      "\(nothing.all)")
    let half = try index("repair", "@a", "-o", "@r", "--element-type", "uint16")
    #expect(half.status == 1 && half.errors.contains("from .bin, give --eod-id ID"), "\(half.all)")
    #expect(try names == ["a.bin"])
    let both = try index("repair", "@a", "-o", "@r", "--element-type", "uint16", "--eod-id", "0")
    #expect(both.status == 0, "\(both.all)")
  }

  @Test func aMissingFileIsToldWithWhatToDo() throws {
    try write("a_text_document", sizes: [1, 2], documents: [0, 1, 2])
    try write("a_text_label_document", sizes: [1, 2], documents: [0, 1, 2])
    for command in ["info", "verify", "stats"] {
      let longer = try index(command, "@a")
      #expect(longer.status == 1, "\(longer.all)")
      #expect(
        longer.errors.hasSuffix(
          "a.idx: there is no such file; did you mean \(folder.path)/a_text_document?\n"),
        "\(longer.all)")
      let near = try index(command, "@a_text_dokument.idx")
      #expect(
        near.errors.hasSuffix("did you mean \(folder.path)/a_text_document?\n"), "\(near.all)")
      #expect(try index(command, "@none/x").errors.hasSuffix("x.idx: there is no such file\n"))
    }
    try FileManager.default.removeItem(atPath: folder.file("a_text_label_document.bin"))
    try FileManager.default.removeItem(atPath: folder.file("a_text_document.idx"))
    let lost = try index("info", "@a_text_document")
    #expect(
      lost.errors.contains("a_text_document.idx: there is no such file beside ")
        && lost.errors.contains("neox-index repair \(folder.path)/a_text_document --output-prefix"),
      "\(lost.all)")
    for command in [["info"], ["repair", "-o", "@r"]] {
      let run = try Self.program.run(
        (command + ["@a_text_label_document"]).map { $0.replacing("@", with: folder.path + "/") })
      #expect(
        run.status == 1
          && run.errors.contains("document.bin: there is no such file beside \(folder.path)/a_text"),
        "\(run.all)")
    }
  }

  @Test func theOptionOfAMissingDatasetIsNamed() throws {
    try write("a", sizes: [1, 2], documents: [0, 1, 2])
    for words in [
      ["stats", "@a"], ["report", "@a", "-o", "@r.html"], ["show", "@a", "0", "--labels"],
    ] {
      let run = try Self.program.run(
        (words + ["--label-dataset", "@l"]).map { $0.replacing("@", with: folder.path + "/") })
      #expect(
        run.status == 1
          && run.errors.contains(
            "argument --label-dataset: \(folder.path)/l.idx: there is no such file"),
        "\(run.all)")
    }
    let dedupe = try index("dedupe", "@a", "-o", "@d")
    #expect(dedupe.status == 2 && dedupe.errors.contains("; add --exact"), "\(dedupe.all)")
  }

  @Test func damageIsToldWithWhatLooksFurther() throws {
    try write("a", sizes: [1, 2], documents: [0, 1, 2])
    try folder.write("a.bin", [0, 0])
    try write("b", sizes: [1, 2], documents: [0, 1, 2])
    try folder.write("b.idx", Array("no index".utf8))
    for name in ["a", "b"] {
      let run = try index("info", "@\(name)")
      #expect(
        run.status == 1
          && run.errors.hasSuffix(
            "; neox-index verify \(folder.path)/\(name) lists what is wrong, and neox-index repair may"
              + " write a sound dataset from it\n"),
        "\(run.all)")
      let list = try index("verify", "@\(name)")
      #expect(list.status == 1 && !list.output.contains("neox-index verify"), "\(list.all)")
    }
  }
}
