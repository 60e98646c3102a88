import TestSupport
import Testing

@testable import Preprocess

@Suite("Manifest")
struct ManifestTests {
  private func sample() -> Manifest {
    var counts = PipelineCounts()
    (counts.read, counts.written, counts.empty) = (9, 5, 1)
    (counts.skipped, counts.quarantined) = (1, 2)
    var lengths = LengthHistogram()
    for length in [0, 3, 900] { lengths.add(length: length) }
    let output = Manifest.Output(
      key: "te\"xt", bin: .init(path: "p_text_document.bin", byteCount: 10, hash: "xxh64:00ff"),
      idx: .init(path: "p_text_document.idx", byteCount: 96, hash: "xxh64:0102"),
      elementType: "uint16", documents: 5, tokens: 5, largestID: 50_256, endsFromText: 1,
      lengths: lengths)
    return Manifest(
      program: "neox-preprocess 9",
      inputs: [
        .init(path: "a\nb.jsonl", byteCount: 1 << 40, hash: "", modified: 1_700_000_000_000_000_001)
      ],
      vocabulary: .init(
        kind: "GPT2BPETokenizer", files: [.init(path: "v", byteCount: 3, hash: "sha256:ab")],
        size: 50_257, endOfDocument: nil),
      options: [.init("append-eod", "true"), .init("shard", "0/1")], counts: counts,
      outputs: [output],
      quarantine: .init(path: "p_quarantine.jsonl", byteCount: 7, hash: "xxh64:1"))
  }

  @Test("what is written can be read back")
  func roundTrip() throws {
    var manifest = sample()
    #expect(try Manifest(parsing: manifest.json.bytes(.pretty), path: "m") == manifest)
    manifest.quarantine = nil
    manifest.vocabulary.endOfDocument = 50_256
    #expect(try Manifest(parsing: manifest.json.bytes(), path: "m") == manifest)
  }

  @Test("what is not known of a dataset made of others is left out, in the second version only")
  func derived() throws {
    let parent = sample()
    var manifest = try #require(
      Manifest(program: "neox-index 9 merge", inputs: parent.inputs, parents: [parent, parent]))
    let output = parent.outputs[0]
    manifest.outputs = [
      .init(
        key: nil, bin: output.bin, idx: output.idx, elementType: "int32", documents: 2, tokens: 3)
    ]
    #expect(manifest.options == [.init("append-eod", "true")] && manifest.counts == nil)
    let text = manifest.json.text()
    #expect(text.contains("manifest 2\""))
    #expect(try Manifest(parsing: Array(text.utf8), path: "m") == manifest)
    #expect(!sample().json.text().contains("manifest 2\""))
    let first = text.replacing("manifest 2", with: "manifest 1")
    #expect {
      try Manifest(parsing: Array(first.utf8), path: "m")
    } throws: { error in
      "\(error)".hasPrefix("m: counts: ")
    }
  }

  @Test("vocabularies that differ in anything have no manifest in common")
  func disagreement() throws {
    let parent = sample()
    var other = parent
    other.vocabulary.files[0].path = "elsewhere"
    other.options = []
    let both = Manifest(program: "p", inputs: [], parents: [parent, other])
    #expect(both?.options == [] && both?.vocabulary == parent.vocabulary)
    for change in 0..<4 {
      other = parent
      switch change {
      case 0: other.vocabulary.kind = "HFTokenizer"
      case 1: other.vocabulary.size += 1
      case 2: other.vocabulary.endOfDocument = 5
      default: other.vocabulary.files[0].hash = "sha256:ac"
      }
      #expect(Manifest(program: "p", inputs: [], parents: [parent, other]) == nil)
    }
    #expect(Manifest(program: "p", inputs: [], parents: []) == nil)
  }

  @Test("a manifest that is not one is refused with its place")
  func refused() throws {
    let text = sample().json.text()
    for (old, new, place) in [
      ("manifest 1", "manifest 3", "format"), ("\"read\":9", "\"read\":-9", "counts.read"),
      ("\"read\":9", "\"reed\":9", "counts.read"), ("\"v\"", "7", "tokenizer.files[0].path"),
      ("\"inputs\":[", "\"inputs\":7,\"x\":[", "inputs"),
    ] {
      let changed = text.replacing(old, with: new)
      #expect(changed != text)
      #expect {
        try Manifest(parsing: Array(changed.utf8), path: "m.json")
      } throws: { error in
        "\(error)".hasPrefix("m.json: \(place): ")
      }
    }
    #expect(throws: (any Error).self) { try Manifest(parsing: [0x7B], path: "m") }
    #expect(throws: (any Error).self) { try Manifest(path: "/nowhere/m.json") }
  }

  @Test("every cut of a manifest is refused")
  func truncated() {
    let bytes = sample().json.bytes()
    for count in 0..<bytes.count {
      #expect(throws: (any Error).self) {
        try Manifest(parsing: Array(bytes.prefix(count)), path: "m")
      }
    }
  }

  @Test("what differs between two runs is named by its flag")
  func identity() {
    let manifest = sample()
    var inputs = manifest.inputs
    let identity = RunIdentity(
      inputs: manifest.inputs, vocabulary: manifest.vocabulary, options: manifest.options)
    #expect(RunIdentity(storedBytes: identity.storedBytes) == identity)
    let paths = inputs.map(\.path)
    #expect(identity.difference(to: identity, inputs: paths) == "")
    var options = manifest.options
    options[0].value = "false"
    inputs[0].modified += 1
    let other = RunIdentity(inputs: inputs, vocabulary: manifest.vocabulary, options: options)
    #expect(
      identity.difference(to: other, inputs: paths)
        == "input \(paths[0]) had another size or time then; --append-eod was given then")
    inputs[0].path += "x"
    let renamed = RunIdentity(inputs: inputs, vocabulary: manifest.vocabulary, options: options)
    #expect(
      other.difference(to: renamed, inputs: [inputs[0].path])
        == "in place of input \(inputs[0].path) was another then")
    let fewer = RunIdentity(inputs: [], vocabulary: manifest.vocabulary, options: options)
    #expect(
      other.difference(to: fewer, inputs: [])
        == "the number of inputs was \(inputs.count) then, and is 0 now")
    inputs[0].path = paths[0]
    options.append(.init("on-error", "skip"))
    let same = RunIdentity(inputs: inputs, vocabulary: manifest.vocabulary, options: options)
    #expect(other == same)
  }
}
