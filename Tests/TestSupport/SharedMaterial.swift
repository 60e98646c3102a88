import Foundation

/// The reference material beside the project (`../shared`), which tests may read but never need.
public enum SharedMaterial {
  /// The folder, or `nil` where it is absent.
  public static let folder: String? = {
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let shared = root.deletingLastPathComponent().appending(path: "shared").path()
    return FileManager.default.fileExists(atPath: shared + "/design.md") ? shared : nil
  }()

  /// Whether the folder is there; tests that need it are skipped with ``absent`` otherwise.
  public static let isPresent = folder != nil

  /// Why a test was skipped.
  public static let absent: String = "needs ../shared, which is absent"

  /// The path of a file in the folder.
  public static func path(_ name: String) -> String { (folder ?? "") + "/" + name }
}
