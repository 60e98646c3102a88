import Glibc
import Machine
import Tokenize

extension Recipe {
  /// Checks that the tokenizer's files are named, and none that it does not read.
  ///
  /// - Throws: ``PipelineError/option(_:)``.
  func checkTokenizerFiles() throws(PipelineError) {
    let kind = tokenizer.kind
    let needed: String? =
      switch kind {
      case .gpt2BPE: "vocab.json"
      case .huggingFace: "tokenizer.json"
      case .tiktoken: "a file of ranks, such as cl100k_base.tiktoken"
      case .huggingFaceGPT2, .characterLevel: nil
      case .sentencePiece:
        throw .option(
          "--tokenizer-type \(kind.rawValue): SentencePiece models cannot be read; byte-level BPE "
            + "vocabularies can")
      }
    if let needed, tokenizer.vocabularyFile == nil {
      throw .option("--vocab-file: \(kind.rawValue) needs the path of \(needed)")
    }
    if kind == .gpt2BPE, tokenizer.mergeFile == nil {
      throw .option("--merge-file: \(kind.rawValue) needs the path of merges.txt")
    }
    if kind != .gpt2BPE, tokenizer.mergeFile != nil {
      throw .option(
        "--merge-file: \(kind.rawValue) reads no such file; leave it out, or name it with "
          + "--tokenizer-type \(TokenizerKind.gpt2BPE.rawValue)")
    }
  }

  /// Checks that the prefix ends in part of a name, in a folder that is there.
  ///
  /// - Throws: ``PipelineError/option(_:)`` or ``PipelineError/outputFolder(_:)``.
  func checkOutputPrefix() throws(PipelineError) {
    guard let last = outputPrefix.utf8.last, last != UInt8(ascii: "/") else {
      throw .option(
        "--output-prefix: '\(outputPrefix)' ends without a name; add what the names of the files "
          + "shall begin with, as in \(outputPrefix)corpus")
    }
    let folder = DurableFile.folder(of: outputPrefix)
    guard DurableFile.isFolder(folder) else {
      throw .outputFolder(DurableFile.missingFolder(folder))
    }
  }

  /// Checks that files can be made where the output goes.
  ///
  /// - Throws: ``PipelineError/outputFolder(_:)``.
  func checkOutputFolderIsWritable() throws(PipelineError) {
    let folder = DurableFile.folder(of: outputPrefix)
    guard unsafe access(folder, W_OK | X_OK) == 0 else {
      let reason = unsafe String(cString: strerror(errno))
      throw .outputFolder(
        "files cannot be made in the folder \(folder) (\(reason)); change its "
          + "rights, or give another --output-prefix")
    }
  }
}
