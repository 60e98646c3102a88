/// What happens to text before it is cut into words, told in `tokenizer.json`.
public enum TextForm: String, CaseIterable, Sendable {
  /// The text stays as it is.
  case none
  /// Unicode's canonical composition.
  case nfc
  /// Unicode's compatibility composition.
  case nfkc
}

extension LearnedVocabulary {
  /// The bytes of `vocab.json`, those that Hugging Face's `save_model` writes.
  public func vocabularyJSON() -> [UInt8] {
    var text = Array("{".utf8)
    for (id, token) in tokens.enumerated() {
      if id > 0 { text.append(UInt8(ascii: ",")) }
      appendQuoted(token, to: &text)
      text += ":\(id)".utf8
    }
    text.append(UInt8(ascii: "}"))
    return text
  }

  /// The bytes of `merges.txt`, those that Hugging Face's `save_model` writes.
  public func mergesText() -> [UInt8] {
    var text = Array("#version: 0.2\n".utf8)
    for merge in merges {
      text += tokens[Int(merge.left)]
      text.append(UInt8(ascii: " "))
      text += tokens[Int(merge.right)]
      text.append(UInt8(ascii: "\n"))
    }
    return text
  }

  /// The bytes of `tokenizer.json`.
  ///
  /// Merges are written as lines, not as pairs: every version of Hugging Face's library reads them
  /// so, the one that GPT-NeoX asks for included, and no token holds a space.
  ///
  /// - Parameters:
  ///   - form: How text is normalised first.
  ///   - addsPrefixSpace: Whether a space is put before a text that does not begin with one.
  /// - Returns: The file's bytes.
  public func tokenizerJSON(form: TextForm = .none, addsPrefixSpace: Bool = false) -> [UInt8] {
    var text: [UInt8] = []
    text += "{\n  \"version\": \"1.0\",\n  \"truncation\": null,\n  \"padding\": null,\n".utf8
    text += "  \"added_tokens\": [".utf8
    for (index, id) in specialIDs.enumerated() {
      text += (index > 0 ? ",\n" : "\n").utf8
      text += "    {\n      \"id\": \(id),\n      \"content\": ".utf8
      appendQuoted(tokens[Int(id)], to: &text)
      text += ",\n      \"single_word\": false,\n      \"lstrip\": false".utf8
      text += ",\n      \"rstrip\": false,\n      \"normalized\": false".utf8
      text += ",\n      \"special\": true\n    }".utf8
    }
    text += (specialIDs.isEmpty ? "],\n" : "\n  ],\n").utf8
    switch form {
    case .none: text += "  \"normalizer\": null,\n".utf8
    case .nfc: text += "  \"normalizer\": {\n    \"type\": \"NFC\"\n  },\n".utf8
    case .nfkc: text += "  \"normalizer\": {\n    \"type\": \"NFKC\"\n  },\n".utf8
    }
    // Only the splitting rule's own `add_prefix_space` changes ids; the others steer offsets.
    appendByteLevel("pre_tokenizer", prefixSpace: addsPrefixSpace, trims: true, to: &text)
    appendByteLevel("post_processor", prefixSpace: true, trims: addsPrefixSpace, to: &text)
    appendByteLevel("decoder", prefixSpace: true, trims: true, to: &text)
    text += "  \"model\": {\n    \"type\": \"BPE\",\n    \"dropout\": null,\n".utf8
    text += "    \"unk_token\": null,\n    \"continuing_subword_prefix\": null,\n".utf8
    text += "    \"end_of_word_suffix\": null,\n    \"fuse_unk\": false,\n".utf8
    text += "    \"byte_fallback\": false,\n    \"vocab\": {".utf8
    for (id, token) in tokens.enumerated() {
      text += (id > 0 ? ",\n      " : "\n      ").utf8
      appendQuoted(token, to: &text)
      text += ": \(id)".utf8
    }
    text += (tokens.isEmpty ? "},\n" : "\n    },\n").utf8
    text += "    \"merges\": [".utf8
    for (index, merge) in merges.enumerated() {
      text += (index > 0 ? ",\n      " : "\n      ").utf8
      let space = UInt8(ascii: " ")
      appendQuoted(tokens[Int(merge.left)] + [space] + tokens[Int(merge.right)], to: &text)
    }
    text += (merges.isEmpty ? "]\n" : "\n    ]\n").utf8
    text += "  }\n}".utf8
    return text
  }

  private func appendByteLevel(
    _ part: String, prefixSpace: Bool, trims: Bool, to text: inout [UInt8]
  ) {
    text += "  \"\(part)\": {\n    \"type\": \"ByteLevel\",\n".utf8
    text += "    \"add_prefix_space\": \(prefixSpace),\n    \"trim_offsets\": \(trims),\n".utf8
    text += "    \"use_regex\": true\n  },\n".utf8
  }

  /// Appends a JSON string: only what must be escaped is.
  private func appendQuoted(_ string: [UInt8], to text: inout [UInt8]) {
    let digits = Array("0123456789abcdef".utf8)
    text.append(UInt8(ascii: "\""))
    for byte in string {
      switch byte {
      case UInt8(ascii: "\""): text += "\\\"".utf8
      case UInt8(ascii: "\\"): text += "\\\\".utf8
      case 0x08: text += "\\b".utf8
      case 0x09: text += "\\t".utf8
      case 0x0A: text += "\\n".utf8
      case 0x0C: text += "\\f".utf8
      case 0x0D: text += "\\r".utf8
      case 0..<0x20:
        text += "\\u00".utf8
        text += [digits[Int(byte >> 4)], digits[Int(byte & 15)]]
      default: text.append(byte)
      }
    }
    text.append(UInt8(ascii: "\""))
  }
}
