import Glibc

/// A pattern of paths: `*`, `?` and `[…]` match inside a name as in a shell, and a name that is `**`
/// matches any number of folders, none included, as in Python's `glob` with `recursive`.
///
/// Names that begin with a dot are matched by patterns that do so, and by `**` never.
struct InputPattern {
  let text: String

  init(_ text: String) {
    self.text = text
  }

  /// Whether it goes into folders of any depth.
  var isRecursive: Bool { Self.names(of: text[...]).contains("**") }

  /// The paths that match, each once, in no order.
  ///
  /// Where the pattern ends in `**` these are the files of all depths, not the folders.
  func paths() -> [String] {
    Array(Set(Self.matches(of: text[...], below: "")))
  }

  private static func names(of pattern: Substring) -> [Substring] {
    pattern.split(separator: "/", omittingEmptySubsequences: false)
  }

  /// The paths that match a pattern after a path that is meant as it stands.
  private static func matches(of pattern: Substring, below start: String) -> [String] {
    let names = names(of: pattern)
    guard let place = names.firstIndex(of: "**") else {
      return glob(escaped(start) + pattern)
    }
    let before = names[..<place].joined(separator: "/") + (place > 0 ? "/" : "")
    let after = names[(place + 1)...].joined(separator: "/")
    let folders = before.isEmpty ? [start] : glob(escaped(start) + before)
    return folders.flatMap { folder in
      tree(of: folder).flatMap { place in
        after.isEmpty
          ? entries(of: place).filter { !$0.isFolder }.map { place + $0.name }
          : matches(of: after[...], below: place)
      }
    }
  }

  /// A folder and all below, each with a slash at its end unless it is empty, the current folder.
  private static func tree(of folder: String) -> [String] {
    var above: Set<[UInt64]> = []
    for place in [""] + folder.indices.filter({ folder[$0] == "/" }).map({ folder[...$0] }) {
      if let identity = identity(of: String(place)) { above.insert(identity) }
    }
    return tree(of: folder, above: above)
  }

  /// `above` are the folders on the way, to which a link may lead back.
  private static func tree(of folder: String, above: Set<[UInt64]>) -> [String] {
    [folder]
      + entries(of: folder).filter(\.isFolder).flatMap { entry -> [String] in
        let path = folder + entry.name + "/"
        guard let identity = identity(of: path), !above.contains(identity) else { return [] }
        return tree(of: path, above: above.union([identity]))
      }
  }

  private static func identity(of folder: String) -> [UInt64]? {
    var status = stat()
    guard unsafe stat(folder.isEmpty ? "." : folder, &status) == 0 else { return nil }
    return [UInt64(status.st_dev), UInt64(status.st_ino)]
  }

  private static func entries(of folder: String) -> [(name: String, isFolder: Bool)] {
    glob(escaped(folder) + "*").map { path in
      var status = stat()
      let isThere = unsafe stat(path, &status) == 0
      return (
        String(path.dropFirst(folder.count)), isThere && status.st_mode & S_IFMT == S_IFDIR
      )
    }
  }

  private static func escaped(_ path: String) -> String {
    var result = ""
    for character in path {
      if "*?[\\".contains(character) { result.append("\\") }
      result.append(character)
    }
    return result
  }

  private static func glob(_ pattern: String) -> [String] {
    var result = unsafe glob_t()
    defer { unsafe globfree(&result) }
    guard unsafe Glibc.glob(pattern, GLOB_NOSORT, nil, &result) == 0 else { return [] }
    return (0..<Int(unsafe result.gl_pathc)).compactMap { index in
      unsafe result.gl_pathv[index].map { unsafe String(cString: $0) }
    }
  }
}
