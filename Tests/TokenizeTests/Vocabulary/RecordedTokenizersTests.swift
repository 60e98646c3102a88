import Foundation
import TestSupport
import Testing

@testable import Tokenize

@Suite("Ids recorded from Hugging Face tokenizers and tiktoken")
struct RecordedTokenizersTests {
  @Test("The recording is there")
  func isThere() throws {
    #expect(try Recorded.node("tokenizers").string == "0.23.3")
    #expect(try Recorded.node("tiktoken", "encodings").elements?.count == 3)
    #expect(Recorded.variantNames.count == 12)
  }

  @Test("A tokenizer.json gives the recorded ids", arguments: Recorded.variantNames)
  func variants(name: String) throws {
    let variant = try Recorded.variant(name)
    let tokenizer = try Recorded.tokenizer(variant)
    #expect(tokenizer.vocabularySize == variant["size"]?.integer)
    for example in variant["examples"]?.elements ?? [] {
      let parts = example.elements ?? []
      let text = parts[0].string ?? ""
      let ids = parts[1].elements?.compactMap(\.integer).map { TokenID($0) }
      #expect(try tokenizer.encode(text) == ids, "\(text.debugDescription)")
    }
    var cache = tokenizer.makeCache(byteBudget: 1 << 20)
    var ids = TokenBuffer()
    var random = NumberHash()
    for (seed, longest) in [(1, 12), (2, 60)] as [(UInt64, UInt64)] {
      for text in Recorded.texts(seed: seed, count: 3000, longest: longest) {
        ids.truncate(to: 0)
        try unsafe tokenizer.encode(text.span.bytes, atStart: true, into: &ids, cache: &cache)
        random.add(tokenizer.documentPrefix)
        random.add(ids)
        random.add(tokenizer.documentSuffix)
        random.add([1 << 32])
      }
    }
    #expect(random.text == variant["random"]?.string)
    var blocks = NumberHash()
    let ranges: [Range<UInt32>] = [
      0..<0x3200, 0xA600..<0xAE00, 0xF900..<0x11E00, 0x1D000..<0x1F800, 0x2F800..<0x2FB00,
    ]
    for first in ranges.flatMap({ stride(from: $0.lowerBound, to: $0.upperBound, by: 256) }) {
      ids.truncate(to: 0)
      let text = Recorded.contexts(first)
      try unsafe tokenizer.encode(text.span.bytes, atStart: true, into: &ids, cache: &cache)
      blocks.add(tokenizer.documentPrefix)
      blocks.add(ids)
      blocks.add(tokenizer.documentSuffix)
    }
    #expect(blocks.text == variant["blocks"]?.string)
  }

  @Test("A cut that is called safe changes no id", arguments: Recorded.variantNames)
  func safeCuts(name: String) throws {
    let tokenizer = try Recorded.tokenizer(try Recorded.variant(name))
    var generator = SeededGenerator(seed: 11)
    var cuts = 0
    for text in Recorded.texts(seed: 5, count: 1500, longest: 60) {
      let whole = try tokenizer.ids(text)
      let known = Int(generator.next() % UInt64(text.count + 1))
      let cut = unsafe tokenizer.safeCut(Array(text[..<known]).span.bytes)
      #expect(cut <= known)
      if cut == 0 { continue }
      cuts += 1
      let parts =
        try tokenizer.ids(Array(text[..<cut])) + tokenizer.ids(Array(text[cut...]), atStart: false)
      #expect(parts == whole, "\(String(decoding: text, as: UTF8.self).debugDescription) \(cut)")
    }
    // Tokens that must be single words make every cut doubtful.
    #expect(name == "single words" ? cuts == 0 : cuts > 200)
  }

  @Test("Text in a normalisation form is the recorded text", arguments: 0..<4)
  func normalization(index: Int) throws {
    let recorded = try #require(try Recorded.node("normalization").elements?[index])
    let form = try #require(NormalizationForm(rawValue: recorded["form"]?.string ?? ""))
    let normalizer = Normalizer(form)
    var singles = NumberHash()
    for value in 0x80..<0x110000 as Range<UInt32> {
      guard let c = Unicode.Scalar(value) else { continue }
      let text = "\(c)a\(c)\u{301}\u{323}\(c)\u{338}\(c)"
      singles.add(normalizer.normalize(Array(text.utf8)))
    }
    #expect(singles.text == recorded["singles"]?.string)
    var random = NumberHash()
    var generator = SeededGenerator(seed: 7)
    let pool = (0x80..<0x1F000).compactMap { Unicode.Scalar(UInt32($0)) }
    for _ in 0..<20000 {
      let size = generator.next() % 20 + 1
      var text = String.UnicodeScalarView()
      for _ in 0..<size { text.append(pool[Int(generator.next() % UInt64(pool.count))]) }
      random.add(normalizer.normalize(Array(String(text).utf8)))
    }
    #expect(random.text == recorded["random"]?.string)
  }

  @Test("A rank file gives tiktoken's ids", arguments: ["r50k_base", "cl100k_base", "o200k_base"])
  func tiktoken(name: String) throws {
    let folder = try TemporaryFolder()
    let path = try folder.write(
      "\(name).tiktoken", try Recorded.node("tiktoken", "file").bytes ?? [])
    let tokenizer = try loadTokenizer(
      TokenizerChoice(kind: .tiktoken, vocabularyFile: path, specialText: .literal))
    let recorded = try #require(
      try Recorded.node("tiktoken", "encodings").elements?.first { $0["name"]?.string == name })
    for example in recorded["examples"]?.elements ?? [] {
      let parts = example.elements ?? []
      let text = parts[0].string ?? ""
      let ids = parts[1].elements?.compactMap(\.integer).map { TokenID($0) }
      #expect(try tokenizer.encode(text) == ids, "\(text.debugDescription)")
    }
    var random = NumberHash()
    for (seed, longest) in [(1, 12), (2, 60)] as [(UInt64, UInt64)] {
      for text in Recorded.texts(seed: seed, count: 3000, longest: longest) {
        random.add(try tokenizer.ids(text))
      }
    }
    #expect(random.text == recorded["random"]?.string)
  }
}

@Suite(
  "Ids of GPT-2 and GPT-NeoX-20B",
  .enabled(if: SharedMaterial.isPresent, Comment(rawValue: SharedMaterial.absent)))
struct SharedVocabularyTests {
  private let tokenizers: [String: any Tokenizer]

  init() throws {
    tokenizers = [
      "gpt2": try loadTokenizer(
        TokenizerChoice(
          kind: .gpt2BPE, vocabularyFile: SharedMaterial.path("data/gpt2-vocab.json"),
          mergeFile: SharedMaterial.path("data/gpt2-merges.txt"))),
      "neox20B": try loadTokenizer(
        TokenizerChoice(
          kind: .huggingFace, vocabularyFile: SharedMaterial.path("data/20B_tokenizer.json"))),
    ]
  }

  @Test("Every code point in every neighbourhood", arguments: ["gpt2", "neox20B"])
  func everyCodePoint(name: String) throws {
    let tokenizer = try #require(tokenizers[name])
    var cache = tokenizer.makeCache(byteBudget: 1 << 24)
    var ids = TokenBuffer()
    for plane in 0..<17 as Range<UInt32> {
      var hash = NumberHash()
      for first in stride(from: plane << 16, to: (plane + 1) << 16, by: 256) {
        ids.truncate(to: 0)
        let text = Recorded.contexts(first)
        try unsafe tokenizer.encode(text.span.bytes, atStart: true, into: &ids, cache: &cache)
        hash.add(ids)
      }
      let recorded = try Recorded.node(name, "planes").elements?[Int(plane)].string
      #expect(hash.text == recorded, "plane \(plane)")
    }
  }

  @Test("Random texts, which come back whole unless normalised", arguments: ["gpt2", "neox20B"])
  func random(name: String) throws {
    let tokenizer = try #require(tokenizers[name])
    var hash = NumberHash()
    let normalizer = Normalizer(.nfc)
    var cache = tokenizer.makeCache(byteBudget: 1 << 22)
    var ids = TokenBuffer()
    for text in Recorded.texts(seed: 3, count: 20000, longest: 30) {
      ids.truncate(to: 0)
      try unsafe tokenizer.encode(text.span.bytes, atStart: true, into: &ids, cache: &cache)
      hash.add(ids)
      let expected = name == "gpt2" ? text : normalizer.normalize(text)
      #expect(tokenizer.decode(ids.ids) == expected)
    }
    #expect(hash.text == (try Recorded.node(name, "random").string))
  }

  @Test("What the fact sheet says of both")
  func facts() throws {
    let gpt2 = try #require(tokenizers["gpt2"])
    #expect(gpt2.vocabularySize == 50257)
    #expect(gpt2.endOfDocument == 50256)
    #expect(try gpt2.encode("Hello, world!") == [15496, 11, 995, 0])
    #expect(
      try gpt2.encode("naïve café — 日本語 😀") == [
        2616, 38776, 40304, 851, 10545, 245, 98, 17312, 105, 45739, 252, 30325, 222,
      ])
    #expect(try gpt2.encode("a<|endoftext|>b") == [64, 50256, 65])
    #expect(try gpt2.encode("<|padding|>") == [27, 91, 39231, 91, 29])
    #expect(try gpt2.encode("hé\n\n  z") == [71, 2634, 628, 220, 1976])
    let neox = try #require(tokenizers["neox20B"])
    #expect(neox.endOfDocument == 0)
    #expect(neox.vocabularySize == 50281)
  }

  @Test("A folder as Hugging Face lays it out has a padding token too")
  func folder() throws {
    let folder = try TemporaryFolder()
    for (name, source) in [("vocab.json", "gpt2-vocab.json"), ("merges.txt", "gpt2-merges.txt")] {
      try FileManager.default.createSymbolicLink(
        atPath: folder.file(name), withDestinationPath: SharedMaterial.path("data/" + source))
    }
    let tokenizer = try loadTokenizer(
      TokenizerChoice(kind: .huggingFaceGPT2, vocabularyFile: folder.path))
    #expect(tokenizer.vocabularySize == 50258)
    #expect(tokenizer.endOfDocument == 50256)
    #expect(try tokenizer.encode("a<|padding|>b") == [64, 50257, 65])
    #expect(tokenizer.bytes([50257]) == Array("<|padding|>".utf8))
  }
}
