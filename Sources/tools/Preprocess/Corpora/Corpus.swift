/// A file on a server.
package struct RemoteFile: Equatable, Sendable {
  /// Its address.
  package let url: String
  /// Its SHA-256 in lowercase hexadecimal, where known.
  package let sha256: String?
  /// Its size, where known.
  package let byteCount: UInt64?

  package init(url: String, sha256: String? = nil, byteCount: UInt64? = nil) {
    self.url = url
    self.sha256 = sha256
    self.byteCount = byteCount
  }

  /// The last part of the address.
  package var name: String {
    String(url.split(separator: "/").last ?? "")
  }

  /// Where the file is on a mirror: `MIRROR/PATH`, with the path it has inside the data folder.
  ///
  /// So any data folder that a web server shows is a mirror.
  package func address(mirror: String?, pathInFolder: String) -> String {
    guard let mirror else { return url }
    return mirror.hasSuffix("/") ? mirror + pathInFolder : mirror + "/" + pathInFolder
  }
}

/// A public collection of texts that `neox-preprocess NAME` fetches and tokenises.
package struct Corpus: Sendable {
  /// Its name on the command line.
  package let name: String
  /// Its folder inside the data folder, and the beginning of its output's name.
  package let folder: String
  /// Its files, in the order of their documents.
  package var files: [RemoteFile] { list() }
  /// Documents it is said to have; for estimates only.
  package let documentCount: Int?
  /// One sentence for the list of corpora.
  package let summary: String
  /// Makes the list of files: some have a thousand, which most runs have no use for.
  let list: @Sendable () -> [RemoteFile]

  /// Where a file lies inside the data folder.
  package func path(of file: RemoteFile) -> String { folder + "/" + file.name }
}
