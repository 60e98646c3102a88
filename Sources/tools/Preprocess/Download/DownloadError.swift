package import Machine

/// Why a file could not be fetched.
package enum DownloadError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The address is not one that can be fetched.
  case badAddress(String)
  /// libcurl, which fetches files, cannot be loaded.
  case noLibrary(reason: String, path: String)
  /// The server's name is unknown; there may be no network.
  case unknownHost(url: String, path: String)
  /// The server answered with something else than the file.
  case status(Int, url: String, path: String)
  /// The transfer broke off, again and again.
  case broken(url: String, path: String, reason: String, have: UInt64)
  /// The file's size is not the known one.
  case wrongSize(path: String, url: String, expected: UInt64, found: UInt64)
  /// The file's content is not the known one.
  case wrongChecksum(path: String, url: String, expected: String, found: String)
  /// The disk is full; what was fetched is kept.
  case diskFull(path: String, have: UInt64, total: UInt64?)
  /// SIGINT or SIGTERM came; what was fetched is kept.
  case interrupted(path: String, have: UInt64)
  /// The operating system refused something.
  case system(SystemError)

  package var description: String {
    switch self {
    case .badAddress(let url):
      "\(url): not an address that can be fetched; give http://, https:// or file://"
    case .noLibrary(let reason, let path):
      "libcurl cannot be loaded: \(reason); install it (libcurl4 on Debian), or \(advice(path))"
    case .unknownHost(let url, let path):
      "\(url): the server's name cannot be found (no network?); \(advice(path))"
    case .status(let status, let url, let path):
      "\(url): the server answers \(status)\(meaning(of: status)); \(advice(path))"
    case .broken(let url, let path, let reason, let have):
      "\(url): the transfer broke off after \(have) bytes: \(reason); run the same command again to "
        + "continue, or \(advice(path))"
    case .wrongSize(let path, let url, let expected, let found):
      "\(path): \(found) bytes, but \(url) is known to have \(expected); fetch it again with "
        + "--force-redownload, or \(advice(path))"
    case .wrongChecksum(let path, let url, let expected, let found):
      "\(path): its SHA-256 is \(found), but that of \(url) is \(expected); fetch it again with "
        + "--force-redownload, or \(advice(path))"
    case .diskFull(let path, let have, let total):
      "\(path): the disk is full after \(have)\(total.map { " of \($0)" } ?? "") bytes; make room and "
        + "run the same command again to continue"
    case .interrupted(let path, let have):
      "interrupted; \(have) bytes are kept in \(path): run the same command again to continue"
    case .system(let error): error.description
    }
  }

  /// Whether running the same command again continues where this one stopped.
  package var isResumable: Bool {
    switch self {
    case .diskFull, .interrupted: true
    default: false
    }
  }

  private func advice(_ path: String) -> String {
    "put the file at \(path), or name a server that has it with --mirror"
  }

  private func meaning(of status: Int) -> String {
    switch status {
    case 401, 403: " (not allowed)"
    case 404, 410: " (it has no such file)"
    case 429: " (too many requests)"
    case 500...599: " (it is out of order)"
    default: ""
    }
  }
}
