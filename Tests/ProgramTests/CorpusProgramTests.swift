import Foundation
import IndexedData
import TestSupport
import Testing

@Suite("neox-preprocess CORPUS")
struct CorpusProgramTests {
  let fixture: PreprocessFixture
  let archive: [UInt8]

  init() throws {
    fixture = try PreprocessFixture()
    try fixture.folder.write("one.txt", Array("the hat".utf8))
    try fixture.folder.write("two.txt", Array("and".utf8))
    let tar = Process()
    tar.executableURL = URL(filePath: "/bin/tar")
    tar.arguments = ["-czf", "hn.tar.gz", "one.txt", "two.txt"]
    tar.currentDirectoryURL = URL(filePath: fixture.folder.path)
    try tar.run()
    tar.waitUntilExit()
    archive = try fixture.folder.read("hn.tar.gz")
  }

  private func run(_ corpus: String, mirror: String, _ more: [String] = []) throws -> ProgramRun {
    try PreprocessFixture.program.run(
      [
        corpus, "--mirror", mirror, "-v", fixture.folder.file("vocab.json"), "-m",
        fixture.folder.file("merges.txt"), "--progress", "off",
      ] + more, environment: ["DATA_DIR": fixture.folder.file("data")])
  }

  @Test("a corpus is fetched in spite of a broken line, prepared, and then needs no network")
  func hackernews() throws {
    let server = try LoopbackServer { [archive] request, number in
      guard request.path == "/m/hackernews/hn.tar.gz" else { return .init(status: 404) }
      return .file(archive, tag: "\"1\"", to: request, breaksAfter: number == 0 ? 50 : nil)
    }
    let first = try run("hackernews", mirror: server.address + "/m")
    #expect(first.status == 0, "\(first.all)")
    #expect(server.requests.map(\.rangeStart) == [nil, 50])
    let dataset = try IndexedDataset(
      prefix: fixture.folder.file("data/hackernews/hackernews_text_document"))
    #expect(dataset.documentCount == 2)
    #expect(try dataset.tokens(of: 1).last == Int64(PreprocessFixture.endOfDocument))
    server.stop()
    let second = try run("hackernews", mirror: "http://127.0.0.1:1")
    #expect(second.status == 0 && second.output.contains("finished before"), "\(second.all)")
  }

  @Test("a folder is a mirror")
  func folderMirror() throws {
    let mirror = fixture.folder.file("mirror/hackernews")
    try FileManager.default.createDirectory(atPath: mirror, withIntermediateDirectories: true)
    try FileManager.default.copyItem(
      atPath: fixture.folder.file("hn.tar.gz"), toPath: mirror + "/hn.tar.gz")
    let run = try run(
      "hackernews", mirror: "file://" + fixture.folder.file("mirror"), ["--download-only"])
    #expect(run.status == 0, "\(run.all)")
    #expect(try fixture.folder.read("data/hackernews/hn.tar.gz") == archive)
  }

  @Test("a truncated zip and a wrong vocabulary are recognised by size and checksum")
  func wrongContent() throws {
    let server = try LoopbackServer { request, _ in
      request.path.hasSuffix("enwik8.zip")
        ? .init(body: Array("PK\u{3}\u{4}".utf8))
        : .init(body: Array(repeating: 32, count: 1_042_301))
    }
    defer { server.stop() }
    let zip = try run("enwik8", mirror: server.address)
    #expect(zip.status == 1 && zip.errors.contains("is known to have 36445475"), "\(zip.all)")
    #expect(
      !FileManager.default.fileExists(atPath: fixture.folder.file("data/enwik8/enwik8.zip")))
    let vocabulary = try PreprocessFixture.program.run([
      "enwik8", "--mirror", server.address, "-d", fixture.folder.file("data"), "--progress", "off",
    ])
    #expect(vocabulary.status == 1, "\(vocabulary.all)")
    #expect(
      vocabulary.errors.contains(
        "196139668be63f3b5d6574427317ae82f612a97c5d1cdaf36ed2256dbf636783"))
  }

  @Test("a missing file says where to put it")
  func missing() throws {
    let server = try LoopbackServer { _, _ in .init(status: 404) }
    defer { server.stop() }
    let run = try run("arxiv", mirror: server.address)
    #expect(run.status == 1)
    #expect(run.errors.contains("404") && run.errors.contains("put the file at"), "\(run.all)")
  }

  @Test("the corpora are listed")
  func list() throws {
    let run = try PreprocessFixture.program.run(["corpora"])
    #expect(run.status == 0)
    #expect(run.output.contains("enwik8") && run.output.contains("c4_openwebtext"))
  }
}
