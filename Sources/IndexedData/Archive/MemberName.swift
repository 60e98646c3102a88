internal import Machine

/// The name of a file that belongs to a dataset, as it follows from the dataset's name.
///
/// Of `books_text_document` the index is `books_text_document` + `.idx`; the labels'
/// `books_text_label_document.idx` is the same with `_document` taken off its end and
/// `_label_document.idx` put there. So the files of a dataset can be given another name, and no name
/// in an archive leads out of the folder that it is unpacked into, or is hidden there.
package struct MemberName: Sendable, Hashable {
  /// What is taken off the end of the dataset's name.
  package let replaced: String
  /// What is put there.
  package let ending: String

  /// A name that is known to be one.
  init(knownReplaced replaced: String, ending: String) {
    self.replaced = replaced
    self.ending = ending
  }

  /// A name from an archive; `nil` where it is none.
  init?(replaced: String, ending: String) {
    guard replaced.isEmpty || Self.isSound(replaced), Self.isSound(ending) else { return nil }
    self.replaced = replaced
    self.ending = ending
  }

  /// The name of a file by that of the dataset, both without folders; `nil` where the two share
  /// nothing.
  package init?(of file: String, dataset: String) {
    if file.hasPrefix(dataset) {
      self.init(replaced: "", ending: String(file.dropFirst(dataset.count)))
      return
    }
    var stem = dataset[...]
    while let cut = stem.lastIndex(of: "_") {
      stem = stem[..<cut]
      guard !file.hasPrefix(stem + "_") || stem.isEmpty else {
        self.init(
          replaced: String(dataset[cut...]), ending: String(file.dropFirst(stem.count)))
        return
      }
    }
    return nil
  }

  /// The file's path for a dataset with a prefix; `nil` where the prefix ends otherwise than the
  /// name asks for.
  package func path(of prefix: String) -> String? {
    guard prefix.hasSuffix(replaced) else { return nil }
    return prefix.dropLast(replaced.count) + ending
  }

  /// Whether a text can be an end of a name: it begins with `_` or a single point, has no slash and
  /// no control character.
  private static func isSound(_ text: String) -> Bool {
    guard let first = text.utf8.first, text.utf8.count > 1, text.utf8.count <= 255 else {
      return false
    }
    return (first == UInt8(ascii: "_") || first == UInt8(ascii: ".")) && !text.hasPrefix("..")
      && isPrintable(text)
  }

  /// Whether a text can be the name of a dataset: files whose names begin with a point are hidden, and
  /// such as programs read.
  static func isDatasetName(_ text: String) -> Bool {
    !text.isEmpty && text.utf8.count <= 255 && !text.hasPrefix(".") && isPrintable(text)
  }

  private static func isPrintable(_ text: String) -> Bool {
    text.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F && $0 != UInt8(ascii: "/") }
  }
}
