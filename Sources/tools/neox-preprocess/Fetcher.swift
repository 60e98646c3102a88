import CommandLineKit
import Glibc
import Machine
import Preprocess

/// Where corpora and vocabularies go.
enum DataFolder {
  /// `$DATA_DIR`, or `./data`.
  static var standard: String {
    guard let value = unsafe getenv("DATA_DIR") else { return "./data" }
    return unsafe String(cString: value)
  }

  /// Makes the folder if it is not there.
  static func make(_ path: String) throws {
    guard unsafe mkdir(path, 0o777) == 0 || errno == EEXIST else {
      throw SystemError(call: "mkdir", path: path, code: errno)
    }
  }
}

/// Fetches files and tells how far it has come.
struct Fetcher {
  let mirror: String?
  let forces: Bool
  let progress: ProgressLine

  /// Makes sure that a file is at `folder/name`, and returns that path.
  func fetch(_ file: RemoteFile, as name: String, in folder: String) throws -> String {
    let path = folder + "/" + name
    let url = file.address(mirror: mirror, pathInFolder: name)
    let outcome: Download.Outcome
    do {
      outcome = try Download(file, url: url, to: path).run(
        force: forces, isInterrupted: { Interruption.process.isRaised },
        report: { now in
          progress.update(
            Progress(
              activity: "fetching \(file.name)", bytes: Int(now.have),
              totalBytes: now.total.map { Int($0) }))
        })
    } catch {
      progress.interrupt()
      throw PipelineError.download(error)
    }
    progress.interrupt()
    if outcome == .fetched { writeError("neox-preprocess: fetched \(url) to \(path)\n") }
    return path
  }
}
