import CCurl
import Glibc
import Machine

/// Fetches one file over HTTP or from another folder: it continues what was begun, tries again when the
/// line breaks, checks what came, and shows the file under its name only when it is whole.
package struct Download: Sendable {
  /// What to fetch.
  package let file: RemoteFile
  /// Where from: the file's own address or a mirror's.
  package let url: String
  /// Where to.
  package let path: String
  /// Seconds to wait before each new attempt; a broken transfer is given up when they are used up.
  ///
  /// An attempt that brought bytes starts the row anew.
  package var pauses: [UInt32] = [1, 2, 4, 8, 16]

  package init(_ file: RemoteFile, url: String? = nil, to path: String) {
    self.file = file
    self.url = url ?? file.url
    self.path = path
  }

  /// How a file came to be there.
  package enum Outcome: Equatable, Sendable {
    /// It was there before.
    case present
    /// It was fetched.
    case fetched
  }

  /// Where a transfer stands.
  package struct Progress: Equatable, Sendable {
    /// Bytes that are here.
    package let have: UInt64
    /// Bytes of the whole file, where known.
    package let total: UInt64?
  }

  /// Makes sure that the file is there and whole.
  ///
  /// - Parameters:
  ///   - force: Fetch it even when it is there.
  ///   - isInterrupted: Asked several times a second; what was fetched is kept when it says yes.
  ///   - report: Called several times a second.
  /// - Returns: Whether it had to be fetched.
  /// - Throws: ``DownloadError``, with what to do.
  package func run(
    force: Bool, isInterrupted: () -> Bool, report: (Progress) -> Void
  ) throws(DownloadError) -> Outcome {
    guard ["http://", "https://", "file://"].contains(where: url.hasPrefix) else {
      throw .badAddress(url)
    }
    if !force, let size = fileSize(path) {
      try check(path, size: size)
      return .present
    }
    let part = PartialFile(of: path)
    if force { part.remove() }
    do {
      try transferWhole(into: part, isInterrupted: isInterrupted, report: report)
    } catch {
      // Nothing of the file came, so there is nothing to continue.
      if fileSize(part.path) == 0 { part.remove() }
      throw error
    }
    guard let size = fileSize(part.path) else {
      throw .system(SystemError(call: "stat", path: part.path, code: ENOENT))
    }
    do {
      try check(part.path, size: size)
    } catch {
      // Whatever it is, it is not the beginning of the right file.
      part.remove()
      throw error
    }
    do {
      try DurableFile.rename(part.path, to: path)
      try DurableFile.synchronizeFolder(of: path)
    } catch {
      throw .system(error)
    }
    part.forgetOrigin()
    return .fetched
  }

  /// Compares a file with what is known of it; one of which nothing is known passes unless empty.
  private func check(_ candidate: String, size: UInt64) throws(DownloadError) {
    if let expected = file.byteCount ?? (size == 0 ? 1 : nil), expected != size {
      throw .wrongSize(path: path, url: url, expected: expected, found: size)
    }
    guard let expected = file.sha256 else { return }
    let found: String
    do {
      found = try SHA256.hexadecimal(ofFileAt: candidate)
    } catch {
      throw .system(error)
    }
    guard found == expected else {
      throw .wrongChecksum(path: path, url: url, expected: expected, found: found)
    }
  }

  private func transferWhole(
    into part: PartialFile, isInterrupted: () -> Bool, report: (Progress) -> Void
  ) throws(DownloadError) {
    let descriptor: Int32
    do {
      descriptor = try part.openForWriting()
    } catch {
      throw .system(error)
    }
    defer { close(descriptor) }
    var attempt = 0
    var best: Int64 = 0
    while true {
      let origin = part.origin().flatMap { $0.url == url ? $0 : nil }
      let start = origin == nil || url.hasPrefix("file:") ? 0 : Int64(fileSize(part.path) ?? 0)
      let end = try transferOnce(
        into: part, descriptor, origin: origin, start: start, isInterrupted: isInterrupted,
        report: report)
      switch end {
      case .whole:
        guard fsync(descriptor) == 0 else {
          throw .system(SystemError(call: "fsync", path: part.path, code: errno))
        }
        return
      case .otherVersion:
        part.forgetOrigin()
      case .broken(let reason, let have):
        if have > best { (best, attempt) = (have, 0) }
        guard attempt < pauses.count else {
          throw .broken(url: url, path: path, reason: reason, have: UInt64(max(have, 0)))
        }
        try pause(pauses[attempt], part: part, have: have, isInterrupted: isInterrupted)
        attempt += 1
      }
    }
  }

  private enum End {
    case whole
    case otherVersion
    case broken(reason: String, have: Int64)
  }

  private func transferOnce(
    into part: PartialFile, _ descriptor: Int32, origin: PartialFile.Origin?, start: Int64,
    isInterrupted: () -> Bool, report: (Progress) -> Void
  ) throws(DownloadError) -> End {
    if let reason = unsafe ccurl_load() {
      throw unsafe .noLibrary(reason: String(cString: reason), path: path)
    }
    let transfer = unsafe ccurl_begin(
      url, "neox-preprocess", descriptor, start, origin?.validator ?? "", origin?.total ?? -1)
    guard let transfer = unsafe transfer else {
      throw .system(SystemError(call: "curl_easy_init", path: path, code: ENOMEM))
    }
    defer { unsafe ccurl_end(transfer) }
    var look = ccurl_report()
    var remembered = false
    while true {
      unsafe ccurl_step(transfer, 100)
      unsafe ccurl_look(transfer, &look)
      let now = Answer(look)
      if now.isAnswered && !remembered {
        remembered = true
        do {
          try part.remember(now.origin(url: url))
        } catch {
          throw .system(error)
        }
      }
      report(Progress(have: UInt64(now.have), total: now.total < 0 ? nil : UInt64(now.total)))
      if now.isFinished { return try judge(now, part: part, start: start) }
      if isInterrupted() { throw .interrupted(path: part.path, have: UInt64(now.have)) }
    }
  }

  /// Decides what a finished transfer has brought.
  private func judge(
    _ answer: Answer, part: PartialFile, start: Int64
  ) throws(DownloadError) -> End {
    if answer.writeError != 0 {
      let error = SystemError(call: "pwrite", path: part.path, code: answer.writeError)
      guard error.isFull else { throw .system(error) }
      let total = answer.total < 0 ? nil : UInt64(answer.total)
      throw .diskFull(path: part.path, have: UInt64(answer.have), total: total)
    }
    if answer.isChanged { return .otherVersion }
    if answer.code != 0 {
      let reason = unsafe String(cString: ccurl_message(answer.code))
      if ccurl_is_unknown_host(answer.code) != 0 { throw .unknownHost(url: url, path: path) }
      guard ccurl_is_transient(answer.code) != 0 else {
        throw .broken(url: url, path: path, reason: reason, have: UInt64(answer.have))
      }
      return .broken(reason: reason, have: answer.have)
    }
    switch answer.status {
    case 0, 200, 206:
      guard answer.total < 0 || answer.total == answer.have else {
        return .broken(reason: "the server sent too little", have: answer.have)
      }
      return .whole
    case 416 where start > 0:
      // Nothing follows what lies here: it is whole, or it belongs to a longer version.
      return answer.total == start ? .whole : .otherVersion
    case 408, 429, 500...599:
      return .broken(reason: "the server answers \(answer.status)", have: answer.have)
    default:
      throw .status(answer.status, url: url, path: path)
    }
  }

  private func pause(
    _ seconds: UInt32, part: PartialFile, have: Int64, isInterrupted: () -> Bool
  ) throws(DownloadError) {
    for _ in 0..<(seconds * 10) {
      if isInterrupted() { throw .interrupted(path: part.path, have: UInt64(have)) }
      usleep(100_000)
    }
  }

  private func fileSize(_ path: String) -> UInt64? {
    var status = stat()
    guard unsafe stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
    return UInt64(status.st_size)
  }
}

/// What is known of a transfer, as Swift values.
private struct Answer {
  let isFinished: Bool
  let isAnswered: Bool
  let isChanged: Bool
  let code: Int32
  let writeError: Int32
  let status: Int
  let have: Int64
  let total: Int64
  let entityTag: String
  let lastModified: String

  init(_ report: ccurl_report) {
    isFinished = report.finished != 0
    isAnswered = report.answered != 0
    isChanged = report.changed != 0
    code = report.code
    writeError = report.write_error
    status = report.status
    have = report.have
    total = report.total
    entityTag = unsafe withUnsafeBytes(of: report.entity_tag) { unsafe Self.text($0) }
    lastModified = unsafe withUnsafeBytes(of: report.last_modified) { unsafe Self.text($0) }
  }

  func origin(url: String) -> PartialFile.Origin {
    PartialFile.Origin(url: url, total: total, entityTag: entityTag, lastModified: lastModified)
  }

  private static func text(_ bytes: UnsafeRawBufferPointer) -> String {
    unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
  }
}
