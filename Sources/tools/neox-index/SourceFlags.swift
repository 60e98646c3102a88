import CommandLineKit
import IndexedData
import Machine

/// What is told of where documents came from.
enum SourceFlags {
  /// Opens the sources of a dataset.
  ///
  /// - Throws: where there are none, or they tell of another number of documents.
  static func open(_ prefix: String, of documents: Int) throws -> DocumentSources {
    guard let sources = try openSources(prefix) else {
      let isArchive = isNamedArchive(prefix)
      throw IndexedDataError.unsuitable(
        path: isArchive ? prefix : DocumentSources.path(prefix: prefix),
        reason: (isArchive ? "has no .src, which" : "is not there, and")
          + " alone tells where documents came from; neox-preprocess --source"
          + " writes it, beside texts and not beside their labels")
    }
    guard sources.documentCount == documents else {
      throw IndexedDataError.unsuitable(
        path: sources.path,
        reason: "tells of \(sources.documentCount) documents, and the dataset has \(documents);"
          + " it belongs to another one")
    }
    return sources
  }

  /// The place of a document as JSON; null where it is not known.
  static func json(of document: Int, _ sources: DocumentSources) throws -> JSONText {
    let (place, id) = try sources.entry(document)
    guard let place else { return .null }
    return .object(members(of: place, id, sources))
  }

  /// The place of a document in words: the file, the member, the line, the byte and the id.
  static func text(
    of entry: SourceEntry, _ id: [UInt8]?, _ sources: DocumentSources
  ) -> String {
    let member = entry.member.map { "!\($0)" } ?? ""
    // Names of files and of members of archives are anybody's, and may hold what terminals obey.
    let place = visibleText(Array((sources.files[entry.file].path + member).utf8)).text
      .replacing("\n", with: "\\x0A")
    let name = id.map { ", id \(visibleText($0).text)" } ?? ""
    return "\(place), line \(grouped(entry.line)),"
      + " byte \(grouped(entry.byte))\(name)"
  }

  /// The members that tell of a place.
  static func members(
    of entry: SourceEntry, _ id: [UInt8]?, _ sources: DocumentSources
  ) -> [JSONText.Member] {
    var members: [JSONText.Member] = [.init("file", .string(sources.files[entry.file].path))]
    if let member = entry.member { members.append(.init("member", .string(member))) }
    members += [.init("byte", JSONText(entry.byte)), .init("line", JSONText(entry.line))]
    if let id { members.append(.init("id", .string(visibleText(id).text))) }
    return members
  }
}
