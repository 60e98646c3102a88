// swift-tools-version: 6.3

import PackageDescription

// Every Swift target is built under the same rules.
let swiftRules: [SwiftSetting] = [
  .strictMemorySafety(),
  .treatAllWarnings(as: .error),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableExperimentalFeature("Lifetimes"),
]

let package = Package(
  name: "neox-swift",
  products: [
    .library(name: "Tokenize", targets: ["Tokenize"]),
    .library(name: "IndexedData", targets: ["IndexedData"]),
    .library(name: "Train", targets: ["Train"]),
    .executable(name: "neox-preprocess", targets: ["neox-preprocess"]),
    .executable(name: "neox-index", targets: ["neox-index"]),
    .executable(name: "neox-train", targets: ["neox-train"]),
    .executable(name: "neox-bench", targets: ["neox-bench"]),
  ],
  targets: [
    // Machine: what the rest needs of the operating system.
    .target(name: "CMachine", path: "Sources/Machine/CMachine"),
    .systemLibrary(
      name: "CXXHash", path: "Sources/Machine/CXXHash", providers: [.apt(["libxxhash-dev"])]),
    .systemLibrary(
      name: "CCrypto", path: "Sources/Machine/CCrypto", providers: [.apt(["libssl-dev"])]),
    .target(
      name: "Machine", dependencies: ["CMachine", "CXXHash", "CCrypto"],
      exclude: ["CMachine", "CXXHash", "CCrypto"], swiftSettings: swiftRules),

    // Tokenize: bytes in, token ids out.
    .target(
      name: "CSimdJSON", path: "Sources/Tokenize/CSimdJSON",
      linkerSettings: [.linkedLibrary("simdjson")]),
    .target(name: "CTokenize", path: "Sources/Tokenize/CTokenize"),
    .target(
      name: "Tokenize", dependencies: ["CSimdJSON", "CTokenize"],
      exclude: ["CSimdJSON", "CTokenize"], swiftSettings: swiftRules),

    // IndexedData: .bin/.idx shards.
    .systemLibrary(
      name: "CZstd", path: "Sources/IndexedData/CZstd", providers: [.apt(["libzstd-dev"])]),
    .systemLibrary(
      name: "CLZ4", path: "Sources/IndexedData/CLZ4", providers: [.apt(["liblz4-dev"])]),
    .target(
      name: "IndexedData", dependencies: ["Machine", "CMachine", "CZstd", "CLZ4"],
      exclude: ["CZstd", "CLZ4"], swiftSettings: swiftRules),

    // Train: from a configuration and shards to a trained model.
    .systemLibrary(
      name: "CYAML", path: "Sources/Train/CYAML", providers: [.apt(["libyaml-dev"])]),
    .systemLibrary(
      name: "CBLAS", path: "Sources/Train/CBLAS", providers: [.apt(["libopenblas-dev"])]),
    .systemLibrary(
      name: "CDNNL", path: "Sources/Train/CDNNL", providers: [.apt(["libdnnl-dev"])]),
    .target(name: "CTrain", path: "Sources/Train/CTrain"),
    .target(
      name: "Train",
      dependencies: [
        "IndexedData", "Machine", "Tokenize", "CYAML", "CBLAS", "CDNNL", "CTrain",
      ],
      exclude: ["CYAML", "CBLAS", "CDNNL", "CTrain"], swiftSettings: swiftRules),

    // tools: the programs and what only they need.
    .target(
      name: "CArchive", path: "Sources/tools/Preprocess/CArchive",
      linkerSettings: [.linkedLibrary("z")]),
    .target(name: "CCurl", path: "Sources/tools/Preprocess/CCurl"),
    .target(
      name: "CommandLineKit", dependencies: ["Machine"], path: "Sources/tools/CommandLineKit",
      swiftSettings: swiftRules),
    .target(
      name: "ConfigurationKit", dependencies: ["CommandLineKit", "Train"],
      path: "Sources/tools/ConfigurationKit", swiftSettings: swiftRules),
    .target(
      name: "Preprocess",
      dependencies: [
        "Tokenize", "IndexedData", "Machine", "CArchive", "CCurl", "CSimdJSON", "CZstd",
      ],
      path: "Sources/tools/Preprocess", exclude: ["CArchive", "CCurl"],
      swiftSettings: swiftRules),
    .executableTarget(
      name: "neox-preprocess",
      dependencies: ["Preprocess", "Tokenize", "IndexedData", "Machine", "CommandLineKit"],
      path: "Sources/tools/neox-preprocess", swiftSettings: swiftRules),
    .executableTarget(
      name: "neox-index",
      dependencies: [
        "Preprocess", "Train", "Tokenize", "IndexedData", "Machine", "CommandLineKit",
        "ConfigurationKit",
      ],
      path: "Sources/tools/neox-index", swiftSettings: swiftRules),
    .executableTarget(
      name: "neox-train",
      dependencies: [
        "Train", "Tokenize", "IndexedData", "Machine", "CommandLineKit", "ConfigurationKit",
      ],
      path: "Sources/tools/neox-train", swiftSettings: swiftRules),
    .executableTarget(
      name: "neox-bench",
      dependencies: [
        "Preprocess", "Train", "Tokenize", "IndexedData", "Machine", "CommandLineKit",
      ],
      path: "Sources/tools/neox-bench", swiftSettings: swiftRules),

    .target(name: "TestSupport", dependencies: [], path: "Tests/TestSupport"),
    .testTarget(name: "MachineTests", dependencies: ["Machine", "TestSupport"]),
    .testTarget(name: "TokenizeTests", dependencies: ["Tokenize", "CTokenize", "TestSupport"]),
    .testTarget(
      name: "IndexedDataTests", dependencies: ["IndexedData", "Machine", "TestSupport"]),
    .testTarget(
      name: "TrainTests", dependencies: ["Train", "IndexedData", "Machine", "TestSupport"]),
    .testTarget(
      name: "CommandLineKitTests", dependencies: ["CommandLineKit", "Machine", "TestSupport"]),
    .testTarget(
      name: "PreprocessTests",
      dependencies: [
        "Preprocess", "Tokenize", "IndexedData", "Machine", "CArchive", "TestSupport",
      ], linkerSettings: [.linkedLibrary("archive")]),
    .testTarget(
      name: "ProgramTests",
      dependencies: [
        "neox-preprocess", "neox-index", "neox-train", "neox-bench", "IndexedData", "TestSupport",
      ],
      exclude: ["Snapshots"]),
  ],
  swiftLanguageModes: [.v6],
  cLanguageStandard: .c11,
  cxxLanguageStandard: .cxx17
)
