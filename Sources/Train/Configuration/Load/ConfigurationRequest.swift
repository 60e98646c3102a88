/// Which files make up a configuration, and what is changed in them.
package struct ConfigurationRequest: Sendable {
  /// The files, as they were named; `.yml` may be left out.
  package var files: [String]
  /// The folder of the files, but for those with a path from the root.
  package var folder: String?
  /// `key=value` or `key.inner=value`, which win over the files.
  package var settings: [String]
  /// Whether unknown keys are warnings.
  package var isLenient: Bool
  /// What relative paths inside the configuration begin at; `nil` is the working directory.
  package var pathBase: String?
  /// Data-parallel processes of the run, among which a batch is shared out.
  package var processCount = 1

  /// Makes a request.
  package init(
    files: [String], folder: String? = nil, settings: [String] = [], isLenient: Bool = false,
    pathBase: String? = nil
  ) {
    self.files = files
    self.folder = folder
    self.settings = settings
    self.isLenient = isLenient
    self.pathBase = pathBase
  }
}

/// The keys of all files of a configuration, with what was wrong on the way.
struct LoadedConfiguration {
  /// A key of the top level.
  struct Given {
    /// The key as it was spelled.
    let spelling: String
    /// Where the key stands.
    let place: SourcePlace
    /// Its value.
    var node: ConfigurationNode
  }

  /// The keys, by their names in the table, or with `_` where they are in no table.
  var given: [String: Given] = [:]
  /// The keys in the order of the files.
  var order: [String] = []
  /// The paths that were read.
  var paths: [String] = []
  /// The texts of the files by their names without folders, as they were read.
  var texts: [(name: String, text: String)] = []
}
