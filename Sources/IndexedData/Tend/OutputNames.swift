internal import Machine

/// The names that the files of one command get together, each of which lies whole beside its own: at
/// `PATH.new`.
///
/// A kill or an error in between can leave outputs that are missing, wholly or but for some files, and
/// never new files beside old ones; a kill leaves files at `PATH.new`, too. The first dataset's index
/// gets its name behind all files but manifests: where it is new, they are.
struct OutputNames {
  /// What is removed before the first file gets its name, in this order.
  var replaced: [String] = []
  /// What then gets its name, in this order.
  var files: [String] = []
  /// Manifests, which tell of files that have their names.
  var manifests: [String] = []

  /// Gives the files their names; a step begins when the one before it survives a loss of power.
  func give(isDurable: Bool) throws(IndexedDataError) {
    try asking { () throws(SystemError) in
      try Self.change(replaced.filter(DurableFile.exists), isDurable) {
        (path) throws(SystemError) in try DurableFile.remove(path)
      }
      for paths in [files, manifests] {
        try Self.change(paths, isDurable) { (path) throws(SystemError) in
          try DurableFile.rename(path + ".new", to: path)
        }
      }
    }
  }

  private static func change(
    _ paths: [String], _ isDurable: Bool, _ body: (String) throws(SystemError) -> Void
  ) throws(SystemError) {
    var folders = DurableGroup()
    for path in paths {
      try body(path)
      if isDurable { try folders.addFolder(of: path) }
    }
    try folders.synchronize()
  }
}
