internal import Machine

/// The names of manifests, which tell what datasets were made of.
package enum ManifestName {
  /// What they end in; the output prefix stands before it.
  package static let ending = "_manifest.json"

  /// The files that may tell of a dataset, the nearest first: the dataset `P_KEY_document` has the
  /// manifest of the output prefix `P`, what neox-index makes has one of its own.
  package static func paths(besideDataset prefix: String) -> [String] {
    let folder = prefix.utf8.lastIndex(of: UInt8(ascii: "/")).map { prefix[...$0] } ?? ""
    var stem = prefix[...]
    var paths: [String] = []
    while stem.utf8.count > folder.utf8.count {
      let path = "\(stem)\(ending)"
      if DurableFile.exists(path) { paths.append(path) }
      guard let cut = stem.utf8.lastIndex(of: UInt8(ascii: "_")) else { break }
      stem = stem[..<cut]
    }
    return paths
  }
}
