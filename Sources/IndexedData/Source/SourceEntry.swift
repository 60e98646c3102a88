/// Where a document came from.
package struct SourceEntry: Equatable, Sendable {
  /// The file, as an index of the table of files.
  package var file: Int
  /// The stream inside the file, counted from 0: members of archives, nested ones included.
  package var stream: Int
  /// The member of an archive; `nil` where the file is none.
  package var member: String?
  /// Where the record begins in the decompressed stream.
  package var byte: Int
  /// Its line, counted from 1.
  package var line: Int
  /// Describes a place.
  package init(
    file: Int, stream: Int = 0, member: String? = nil, byte: Int, line: Int
  ) {
    self.file = file
    self.stream = stream
    self.member = member
    self.byte = byte
    self.line = line
  }
}

/// A file that documents came from, and what it was when they were read.
package struct SourceFile: Hashable, Sendable {
  /// As it was named; `-` is standard input.
  package var path: String
  /// Its size; 0 for what has none, such as a pipe.
  package var byteCount: Int
  /// When it was last changed, in nanoseconds since 1970; 0 for what is no file.
  package var modified: Int
  /// `xxh64:` and hexadecimal digits; empty where it was not taken.
  package var hash: String
  /// How documents were said to lie in it, for whoever reads it again.
  package var format: String

  /// Describes a file.
  package init(path: String, byteCount: Int, modified: Int, hash: String, format: String) {
    self.path = path
    self.byteCount = byteCount
    self.modified = modified
    self.hash = hash
    self.format = format
  }
}

/// What a written file of sources is, for manifests.
package struct SourceSummary: Equatable, Sendable {
  /// Its size.
  package var byteCount: Int
  /// Its XXH64.
  package var hash: UInt64
}
