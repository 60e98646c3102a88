import CommandLineKit
import IndexedData

/// `neox-index convert`: another element type, numbering or format.
struct ConvertCommand: Command {
  var prefix = DatasetPrefix("")
  var output = DatasetPrefix("")
  var conversion = Conversion()
  var writing = WriteFlags()

  static let page = CommandPage(
    name: "convert", summary: "write a dataset in another form",
    description: [
      """
      Writes the same ids with another element type, with the other project's numbering of \
      floating-point types, or in the other format. An id that the new type cannot hold is an \
      error that names its place, and nothing is written. Where the dataset has a manifest, it \
      must be what that says, and the result gets PREFIX_manifest.json, which names the tokenizer.
      """,
      """
      Labels and rewards go along to an output that ends in _document; they keep their element type.
      """, WriteFlags.signalNote,
    ],
    examples: [
      .init(
        "Two bytes a token instead of four:",
        "neox-index convert data/a_text_document --element-type uint16 "
          + "--output-prefix data/small_text_document"),
      .init(
        "From the format of before 2020:",
        "neox-index convert old_text_document --format mmap --output-prefix new_text_document"),
    ])

  static let groups: [ArgumentGroup<Self>] = [
    .init(
      "datasets",
      [
        .positional("PREFIX", \.prefix, "the dataset"),
        .option(
          "--output-prefix", \.output, aliases: ["-o"], placeholder: "PREFIX", required: true,
          "where the result goes"),
      ]),
    .init(
      "form",
      [
        .option(
          "--element-type", \.conversion.elementType, placeholder: "TYPE", "the type of elements"),
        .option(
          "--variant", \.conversion.variant, "whose numbers stand for floating-point types"),
        .option("--format", \.conversion.format, "MMIDIDX or TNTIDX"),
        .flag(
          "--drop-modes", \.conversion.dropsModes,
          "leave out the modes of a multimodal dataset"),
      ]), WriteFlags.group.lifted(to: \.writing),
  ]

  func run() throws {
    guard conversion != Conversion() else {
      throw UsageError(
        "one of the arguments --element-type --variant --format --drop-modes is required")
    }
    try WriteFlags.requireFolder(of: output.path, "--output-prefix")
    let companions = try CarriedCompanions(
      of: [prefix.path], to: output.path, format: conversion.format)
    let groups = [(inputs: [prefix.path], output: output.path)] + companions.groups
    try Companions.refuseStale(beside: groups.map(\.output))
    let results = try writing.run(
      "convert", "converting", groups: groups.map { ($0.inputs, [$0.output]) }
    ) { options in
      try convertDataset(
        prefix.path, to: output.path,
        with: companions.groups.map { ($0.inputs[0], $0.output) }, conversion, options)
    }
    writing.report(results)
  }
}
