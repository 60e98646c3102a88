import Foundation
import Machine
import Testing

@testable import Train

/// Makes files of those in the folder `NEOX_INTEROP`, which `script/interop` fills and checks.
@Suite("Exchange with other programs")
struct InteropTests {
  static let folder = ProcessInfo.processInfo.environment["NEOX_INTEROP"]

  @Test("models go to GPT-NeoX's names and back", .enabled(if: folder != nil))
  func models() throws {
    let folder = try #require(Self.folder)
    let names = try FolderContents.names(folder).filter {
      FileManager.default.fileExists(atPath: folder + "/" + $0 + "/config.json")
    }
    #expect(!names.isEmpty)
    for name in names {
      let path = folder + "/" + name
      let model = try HuggingFaceWeights(path: path)
      try WeightExport.writeFile(path + "/neox.safetensors", model, precision: .float32)
      let weights = try SafetensorsFile(path: path + "/neox.safetensors")
      try WeightExport.writeHuggingFace(
        path + "/exported", weights, settings: model.config.settings, precision: .float32,
        endOfText: 0)
    }
  }
}
