import Foundation
import TestSupport
import Testing

@Suite("The library products")
struct PackageProductTests {
  @Test("Another package can depend on Tokenize and IndexedData", .timeLimit(.minutes(10)))
  func otherPackageBuilds() throws {
    let folder = try TemporaryFolder()
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    // A name of our own for the path: a dependency is known by the last component of its path.
    try FileManager.default.createSymbolicLink(
      atPath: folder.file("neox-swift"), withDestinationPath: root.path())
    let manifest = """
      // swift-tools-version: 6.3
      import PackageDescription
      let package = Package(
        name: "other",
        dependencies: [.package(path: "../neox-swift")],
        targets: [
          .executableTarget(
            name: "other",
            dependencies: [
              .product(name: "Tokenize", package: "neox-swift"),
              .product(name: "IndexedData", package: "neox-swift"),
            ])
        ],
        swiftLanguageModes: [.v6])
      """
    let program = """
      import IndexedData
      import Tokenize

      @main
      struct Other {
        static func main() throws {
          let tokenizer = try loadTokenizer(TokenizerChoice(kind: .characterLevel))
          let ids = try tokenizer.encode("hé")
          let prefix = CommandLine.arguments[1]
          let builder = try DatasetBuilder(DatasetOutput(prefix: prefix, elementType: .uint16))
          try builder.append(ids.map(Int64.init))
          _ = try builder.finish()
          let dataset = try IndexedDataset(prefix: prefix)
          print(ids, dataset.documentCount, dataset.tokenCount)
        }
      }
      """
    let package = folder.file("other")
    try FileManager.default.createDirectory(
      atPath: package + "/Sources/other", withIntermediateDirectories: true)
    try Data(manifest.utf8).write(to: URL(filePath: package + "/Package.swift"))
    try Data(program.utf8).write(to: URL(filePath: package + "/Sources/other/Other.swift"))
    let output = Pipe()
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = [
      "swift", "run", "--quiet", "--package-path", package, "other", folder.file("data"),
    ]
    process.standardOutput = output
    try process.run()
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    #expect(process.terminationStatus == 0)
    #expect(text == "[104, 195, 169] 1 3\n")
  }
}
