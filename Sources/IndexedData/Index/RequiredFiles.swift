internal import Machine

/// The files of a dataset that must be there, before any is opened.
enum RequiredFiles {
  /// Tells of an archive in the place of a dataset, and of a file with one of the endings that is not there,
  /// with what to do.
  ///
  /// - Throws: `unsuitable`.
  static func check(
    _ endings: [String] = [".idx", ".bin"], of prefix: String
  ) throws(IndexedDataError) {
    try Archive.requireFiles(of: prefix)
    guard let ending = endings.first(where: { !DurableFile.exists(prefix + $0) }) else { return }
    throw .unsuitable(
      path: prefix + ending, reason: "there is no such file\(remedy(prefix, ending))")
  }

  private static func remedy(_ prefix: String, _ ending: String) -> String {
    let other = ending == ".idx" ? ".bin" : ".idx"
    guard DurableFile.exists(prefix + other) else {
      return similar(to: prefix).map { "; did you mean \($0)?" } ?? ""
    }
    return ending == ".idx"
      ? " beside \(prefix).bin; neox-index repair \(prefix) --output-prefix NEW makes one from that"
      : " beside \(prefix).idx; the tokens are in it, and nothing but a copy gives them back"
  }

  /// A dataset beside, whose name is longer by a key or nearly the same.
  private static func similar(to prefix: String) -> String? {
    let folder = DurableFile.folder(of: prefix)
    let name = DurableFile.name(of: prefix)
    let names = ((try? FolderContents.names(folder)) ?? []).filter { $0.hasSuffix(".idx") }
      .map { String($0.dropLast(4)) }
    let longer = names.filter { $0.hasPrefix(name + "_") }.min { $0.utf8.count < $1.utf8.count }
    guard let near = longer ?? closestName(to: name, among: names) else { return nil }
    return prefix.contains("/") ? "\(folder)/\(near)" : near
  }
}
