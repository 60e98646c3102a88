import Foundation
import Preprocess
import TestSupport
import Testing

@Suite struct InputListTests {
  let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    let root = URL(filePath: folder.path)
    for name in ["sub", "sub/deep.jsonl", "none", "none/x"] {
      try FileManager.default.createDirectory(
        at: root.appending(path: name), withIntermediateDirectories: true)
    }
    let files = [
      "b.jsonl": "{\"text\":\"B\"}", "a.txt": "A", "é.jsonl": "\"é\"", "Z.jsonl": "\"Z\"",
      "ignore.md": "[x]", "sub/one.jsonl": "\"1\"", "json-without-name": "{\"text\":\"J\"}",
      "sub/notes": "none", "none/picture.png": "P",
    ]
    for (name, text) in files { try folder.write(name, Array(text.utf8)) }
  }

  func names(_ list: InputList) -> [String] {
    list.entries.map { String($0.path.dropFirst(folder.path.count + 1)) }
  }

  @Test func commasFoldersAndOrder() throws {
    #expect(try names(InputList([folder.path])) == ["Z.jsonl", "a.txt", "b.jsonl", "é.jsonl"])
    let list = try InputList([
      folder.file("b.jsonl") + "," + folder.file("a.txt"), folder.file("sub"),
    ])
    #expect(names(list) == ["b.jsonl", "a.txt", "sub/one.jsonl"])
    #expect(list.ignored == [folder.file("sub/deep.jsonl") + "/", folder.file("sub/notes")])
    #expect(try Reading(list, .testing()).texts == ["B", "A", "1"])
    #expect(list.byteCount == 12 + 1 + 3)
  }

  @Test func patterns() throws {
    #expect(try names(InputList([folder.file("*.jsonl")])) == ["Z.jsonl", "b.jsonl", "é.jsonl"])
    #expect(try names(InputList([folder.file("[a-b].*")])) == ["a.txt", "b.jsonl"])
    #expect(throws: PreprocessError.missingInput(folder.file("q*"))) {
      try InputList([folder.file("q*")])
    }
  }

  @Test func recursivePatterns() throws {
    let root = URL(filePath: folder.path).appending(path: "r")
    for name in ["a/b/[c]", ".hidden"] {
      try FileManager.default.createDirectory(
        at: root.appending(path: name), withIntermediateDirectories: true)
    }
    let all = ["a/b/2.jsonl", "a/b/[c]/3.jsonl", "a/1.jsonl", "0.jsonl"]
    for name in all + [".hidden/4.jsonl", "a/.5.jsonl"] {
      try folder.write("r/" + name, Array("\"\(name)\"".utf8))
    }
    try FileManager.default.createSymbolicLink(
      atPath: folder.file("r/a/b/loop"), withDestinationPath: folder.file("r"))
    let sorted = ["r/0.jsonl", "r/a/1.jsonl", "r/a/b/2.jsonl", "r/a/b/[c]/3.jsonl"]
    for pattern in ["r/**/*.jsonl", "r/**", "r/**/**/*.jsonl", "[r]/**/?.jsonl", "r/**/*"] {
      let list = try InputList([folder.file(pattern)])
      #expect(names(list) == sorted && list.ignored.isEmpty, "\(pattern)")
    }
    #expect(try names(InputList([folder.file("r/**/b/*.jsonl")])) == ["r/a/b/2.jsonl"])
    #expect(try names(InputList([folder.file("r/a/**/2.jsonl")])) == ["r/a/b/2.jsonl"])
    // Inside a name the two stars are one.
    #expect(try names(InputList([folder.file("r/a/b/**.jsonl")])) == ["r/a/b/2.jsonl"])
    let none = folder.file("r/**/*.txt")
    #expect(throws: PreprocessError.missingInput(none)) { try InputList([none]) }
  }

  @Test func namesInUpperCase() throws {
    try FileManager.default.createDirectory(
      at: URL(filePath: folder.file("U")), withIntermediateDirectories: false)
    try folder.write("U/A.JSONL", Array("\"A\"".utf8))
    try folder.write("U/B.Txt", Array("B".utf8))
    try folder.write("U/C.JSONL.GZ", Containers.compressed(Array("\"C\"".utf8), .gzip))
    #expect(try Reading(folder.file("U")).texts == ["A", "B", "C"])
  }

  @Test func namesWithCommas() throws {
    let path = try folder.write("x,b.jsonl", Array("\"X\"".utf8))
    #expect(try names(InputList([path])) == ["x,b.jsonl"])
    let other = folder.file("b.jsonl")
    #expect(try names(InputList([path, other])) == ["x,b.jsonl", "b.jsonl"])
    #expect(throws: PreprocessError.missingInput(folder.file("x"))) {
      try InputList([path + "," + other])
    }
  }

  @Test func contentIsRecognised() throws {
    #expect(try Reading(folder.file("json-without-name")).texts == ["J"])
    #expect(throws: PreprocessError.unknownKind(folder.file("ignore.md"))) {
      try InputList([folder.file("ignore.md")])
    }
    #expect(try InputList([folder.file("ignore.md")], format: .text).entries.count == 1)
  }

  @Test func mistakes() throws {
    let missing = folder.file("missing.jsonl")
    #expect(throws: PreprocessError.missingInput(missing)) { try InputList([missing]) }
    #expect(throws: PreprocessError.noInput) { try InputList([]) }
    #expect(throws: PreprocessError.noInput) { try InputList([","]) }
    let ignored = [folder.file("none/picture.png"), folder.file("none/x") + "/"]
    let none = folder.file("none")
    for others in [[], [folder.file("b.jsonl")]] {
      #expect(throws: PreprocessError.noReadableFile(none, ignored: ignored)) {
        try InputList(others + [none])
      }
    }
    try FileManager.default.createDirectory(
      atPath: folder.file("empty"), withIntermediateDirectories: false)
    #expect(throws: PreprocessError.noReadableFile(folder.file("empty"), ignored: [])) {
      try InputList([folder.file("b.jsonl"), folder.file("empty")])
    }
    let twice = folder.file("b.jsonl")
    #expect(throws: PreprocessError.namedTwice(twice)) { try InputList([twice, twice]) }
    #expect(throws: PreprocessError.namedTwice(folder.file("b.jsonl"))) {
      try InputList([folder.file("b*"), folder.path])
    }
    let link = folder.file("link.jsonl")
    try FileManager.default.linkItem(atPath: twice, toPath: link)
    #expect(throws: PreprocessError.sameFile(link, as: twice)) { try InputList([twice, link]) }
    #expect(throws: PreprocessError.namedTwice("standard input")) { try InputList(["-,-"]) }
  }

  @Test func identityChangesWithTheFiles() throws {
    let before = try InputList([folder.path]).identity
    #expect(try InputList([folder.path]).identity == before)
    try folder.write("a.txt", Array("longer".utf8))
    #expect(try InputList([folder.path]).identity != before)
  }

  @Test func pipesAreRead() throws {
    let pipe = folder.file("pipe")
    #expect(mkfifo(pipe, 0o600) == 0)
    let lines = (0..<5000).map { "{\"text\":\"\($0)\"}\n" }.joined()
    let writer = Thread {
      let handle = FileHandle(forWritingAtPath: pipe)
      handle?.write(Data(lines.utf8))
    }
    writer.start()
    #expect(try Reading(pipe).texts == (0..<5000).map(String.init))
    #expect(throws: PreprocessError.pipeInShards(pipe)) {
      _ = try DocumentSource(
        InputList([pipe]), options: .testing(), shard: Shard(index: 0, of: 2))
    }
  }
}
