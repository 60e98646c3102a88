import Foundation
import Synchronization
import TestSupport
import Testing

@testable import Preprocess

@Suite("Download")
struct DownloadTests {
  let folder: TemporaryFolder
  let content = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ $0 >> 8) }

  init() throws {
    folder = try TemporaryFolder()
  }

  /// Fetches `url` without waiting between attempts.
  private func fetch(
    _ url: String, sha256: String? = nil, byteCount: UInt64? = nil, attempts: Int = 4,
    force: Bool = false, isInterrupted: () -> Bool = { false },
    report: (Download.Progress) -> Void = { _ in }
  ) throws -> Download.Outcome {
    var download = Download(
      RemoteFile(url: url, sha256: sha256, byteCount: byteCount), to: folder.file("got"))
    download.pauses = Array(repeating: 0, count: attempts - 1)
    return try download.run(force: force, isInterrupted: isInterrupted, report: report)
  }

  private func leftovers() throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
  }

  @Test("a whole file arrives, is checked, and leaves nothing beside it")
  func plain() throws {
    let server = try LoopbackServer { [content] request, _ in
      .file(content, tag: "\"a\"", to: request)
    }
    defer { server.stop() }
    let last = Mutex(Download.Progress(have: 0, total: nil))
    let outcome = try fetch(
      server.address + "/x", sha256: SHA256Oracle.hex(content),
      report: { now in last.withLock { $0 = now } })
    #expect(outcome == .fetched)
    #expect(try folder.read("got") == content)
    #expect(try leftovers() == ["got"])
    let end = last.withLock { $0 }
    #expect(end == Download.Progress(have: 300_000, total: 300_000))
    #expect(try fetch(server.address + "/x", sha256: SHA256Oracle.hex(content)) == .present)
    #expect(server.requests.count == 1)
    #expect(try fetch(server.address + "/x", force: true) == .fetched)
    #expect(server.requests.count == 2)
  }

  @Test("an address that does not answer leaves nothing")
  func nothingCame() throws {
    let server = try LoopbackServer { [content] request, _ in
      .file(content, tag: "\"a\"", to: request)
    }
    let address = server.address
    server.stop()
    #expect(throws: DownloadError.self) { try fetch(address + "/x") }
    #expect(throws: DownloadError.self) { try fetch("http://no-such-host.invalid/x") }
    #expect(try leftovers() == [])
  }

  @Test("a transfer that breaks off goes on where it stopped")
  func resumesInOneRun() throws {
    let server = try LoopbackServer { [content] request, number in
      .file(content, tag: "\"a\"", to: request, breaksAfter: number < 3 ? 70_000 : nil)
    }
    defer { server.stop() }
    #expect(try fetch(server.address + "/x", attempts: 2) == .fetched)
    #expect(try folder.read("got") == content)
    #expect(server.requests.map(\.rangeStart) == [nil, 70_000, 140_000, 210_000])
    #expect(server.requests.dropFirst().allSatisfy { $0.fields["if-range"] == "\"a\"" })
  }

  @Test("another run goes on where the first gave up")
  func resumesInAnotherRun() throws {
    let server = try LoopbackServer { [content] request, number in
      .file(content, tag: "\"a\"", to: request, breaksAfter: number == 0 ? 100_000 : nil)
    }
    defer { server.stop() }
    #expect {
      try fetch(server.address + "/x", attempts: 1)
    } throws: { error in
      "\(error)".contains("broke off after 100000 bytes")
    }
    #expect(try leftovers() == ["got.part", "got.part.origin"])
    #expect(try fetch(server.address + "/x", attempts: 1) == .fetched)
    #expect(server.requests.map(\.rangeStart) == [nil, 100_000])
    #expect(try folder.read("got") == content)
  }

  @Test("an interrupted transfer keeps what came")
  func interrupted() throws {
    let server = try LoopbackServer { [content] request, number in
      .file(content, tag: "\"a\"", to: request, breaksAfter: number == 0 ? 100_000 : nil)
    }
    defer { server.stop() }
    #expect {
      try fetch(server.address + "/x", isInterrupted: { !server.requests.isEmpty })
    } throws: { error in
      (error as? DownloadError)?.isResumable == true
    }
    #expect(try fetch(server.address + "/x") == .fetched)
    #expect(try folder.read("got") == content)
  }

  @Test("a file that changed on the server is fetched from its start", arguments: [true, false])
  func changed(honoursCondition: Bool) throws {
    let other = content.reversed() + [1]
    let server = try LoopbackServer { [content] request, number in
      if number == 0 {
        return .file(content, tag: "\"a\"", to: request, breaksAfter: 100_000)
      }
      guard !honoursCondition, let start = request.rangeStart else {
        return .file(other, tag: "\"b\"", to: request)
      }
      return .init(
        status: 206,
        fields: [
          "ETag": "\"b\"", "Content-Range": "bytes \(start)-\(other.count - 1)/\(other.count)",
        ],
        body: Array(other[start...]))
    }
    defer { server.stop() }
    #expect(try fetch(server.address + "/x") == .fetched)
    #expect(try folder.read("got") == other)
  }

  @Test("a server without ranges sends everything again")
  func withoutRanges() throws {
    let server = try LoopbackServer { [content] _, number in
      .init(
        fields: ["Last-Modified": "Mon, 02 Jan 2006 15:04:05 GMT"], body: content,
        breaksAfter: number == 0 ? 100_000 : nil)
    }
    defer { server.stop() }
    #expect(try fetch(server.address + "/x") == .fetched)
    #expect(try folder.read("got") == content)
    #expect(server.requests.map(\.rangeStart) == [nil, 100_000])
  }

  @Test("a file that was whole but not yet shown is shown")
  func wholeButHidden() throws {
    let server = try LoopbackServer { [content] request, _ in
      .file(content, tag: "\"a\"", to: request)
    }
    defer { server.stop() }
    try folder.write("got.part", content)
    let origin = "\(server.address)/x\n300000\n\"a\"\n\n"
    try folder.write("got.part.origin", Array(origin.utf8))
    #expect(try fetch(server.address + "/x") == .fetched)
    #expect(try folder.read("got") == content)
  }

  @Test(
    "bytes of unknown origin are not built upon",
    arguments: ["", "x\n", "http://else/x\n9\n\"a\"\n\n"])
  func unknownOrigin(origin: String) throws {
    let server = try LoopbackServer { [content] request, _ in
      .file(content, tag: "\"a\"", to: request)
    }
    defer { server.stop() }
    try folder.write("got.part", [9, 9, 9])
    try folder.write("got.part.origin", Array(origin.utf8))
    #expect(try fetch(server.address + "/x") == .fetched)
    #expect(try folder.read("got") == content)
    #expect(server.requests.map(\.rangeStart) == [nil])
  }

  @Test("a wrong checksum names both sums and leaves no file")
  func wrongChecksum() throws {
    let server = try LoopbackServer { [content] request, _ in
      .file(content, tag: "\"a\"", to: request)
    }
    defer { server.stop() }
    let wanted = SHA256Oracle.hex([1])
    #expect {
      try fetch(server.address + "/x", sha256: wanted)
    } throws: { error in
      "\(error)".contains(wanted) && "\(error)".contains(SHA256Oracle.hex(content))
        && "\(error)".contains("put the file at \(folder.file("got")),")
    }
    #expect(try leftovers() == [])
  }

  @Test("a file that is there already is checked, not fetched and not replaced")
  func presentButWrong() throws {
    try folder.write("got", [1, 2, 3])
    #expect(throws: DownloadError.self) {
      try fetch("http://127.0.0.1:1/x", sha256: SHA256Oracle.hex([4]))
    }
    #expect(throws: DownloadError.self) { try fetch("http://127.0.0.1:1/x", byteCount: 4) }
    #expect(try fetch("http://127.0.0.1:1/x", byteCount: 3) == .present)
    #expect(try folder.read("got") == [1, 2, 3])
    try folder.write("got", [])
    #expect(throws: DownloadError.self) { try fetch("http://127.0.0.1:1/x") }
  }

  @Test("a missing file is said to be missing, with what to do")
  func notFound() throws {
    let server = try LoopbackServer { _, _ in .init(status: 404, body: Array("no".utf8)) }
    defer { server.stop() }
    #expect {
      try fetch(server.address + "/x")
    } throws: { error in
      let text = "\(error)"
      return text.contains("404") && text.contains("--mirror")
        && text.contains("put the file at \(folder.file("got"))")
    }
    #expect(server.requests.count == 1)
  }

  @Test("a server that is out of order is asked again")
  func outOfOrder() throws {
    let server = try LoopbackServer { [content] request, number in
      number < 2 ? .init(status: 503) : .file(content, tag: "\"a\"", to: request)
    }
    defer { server.stop() }
    #expect(try fetch(server.address + "/x") == .fetched)
    #expect(server.requests.count == 3)
  }

  @Test("a redirection is followed")
  func redirected() throws {
    let server = try LoopbackServer { [content] request, _ in
      request.path == "/x"
        ? .init(status: 302, fields: ["Location": "/y"]) : .file(content, tag: "\"a\"", to: request)
    }
    defer { server.stop() }
    #expect(try fetch(server.address + "/x") == .fetched)
    #expect(try folder.read("got") == content)
  }

  @Test("a file of another folder is copied")
  func fileAddress() throws {
    let path = try folder.write("source", content)
    #expect(try fetch("file://" + path) == .fetched)
    #expect(try folder.read("got") == content)
    #expect(throws: DownloadError.self) {
      try fetch("file://" + folder.file("absent"), attempts: 1, force: true)
    }
  }

  @Test("other kinds of address are refused")
  func badAddress() {
    #expect(throws: DownloadError.badAddress("ftp://a/b")) { try fetch("ftp://a/b") }
  }

  @Test("an unknown host is an error that says what to do")
  func unknownHost() {
    #expect {
      try fetch("http://no-such-host.invalid/x")
    } throws: { error in
      guard case .unknownHost? = error as? DownloadError else { return false }
      return "\(error)".contains("--mirror")
    }
  }
}
