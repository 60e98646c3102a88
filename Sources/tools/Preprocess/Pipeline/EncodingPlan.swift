import IndexedData
import Machine
import Tokenize

/// How documents become tokens: everything the workers share.
struct EncodingPlan: Sendable {
  let tokenizer: any Tokenizer
  let reading: ReadingOptions
  /// The id that is appended to each document, if any.
  let endOfDocument: TokenID?
  /// The datasets that are written.
  let tracks: [Track]
  /// What of documents is trained on.
  let supervision: Supervision
  /// What becomes of documents of which no token is.
  let unsupervised: UnsupervisedPolicy
  /// Tokens that a sample takes, where that is known.
  let sampleLimit: Int?
  /// Reads conversations, where there are any.
  let chatEncoder: ChatEncoder?
  let memory: MemoryPlan
  /// What is written of where documents came from; `nil` for nothing.
  let sources: SourceChoice?
  /// Memory that goes round between workers and the writer.
  let buffers: BufferPool

  /// Bytes of a token in the output: 2 or 4; of a label and a reward 4.
  var tokenWidth: Int { tracks[0].elementType.byteCount }

  /// The largest id that fits in the output.
  var largestID: TokenID { TokenBytes.largestID(width: tokenWidth) }
}

/// What a worker made of one item.
struct ItemResult: ~Copyable, Sendable {
  let tag: ItemTag
  var counts = ItemCounts()
  /// The tokens of all outputs, one output after another.
  var bytes: ByteBuffer
  /// One for each track; for each wanted member, where there are pieces.
  var outputs: [Output] = []
  /// What was seen of pairs.
  var pairs = PairCounts()
  /// What was seen of conversations.
  var conversations = ConversationCounts()
  /// Where the documents came from, where that is wanted; of pieces, with the last.
  var sources = ItemSources()
  /// Records that became no document, in order.
  var faults: [Refusal] = []
  /// How much of a document the item is, and of which wanted member; `nil` for whole records.
  var piece: Piece?

  /// Takes the tokens out, so that their memory can be used again.
  mutating func takeBytes() -> ByteBuffer {
    var taken = ByteBuffer()
    swap(&taken, &bytes)
    return taken
  }

  /// The documents of one dataset.
  struct Output: Sendable {
    /// Where its tokens are in ``ItemResult/bytes``.
    var bytes: Range<Int>
    /// Tokens of each document; for a piece, of the piece.
    var lengths: [Int32]
    /// What its tokens are like.
    var seen: TokenBytes.Seen
    /// End-of-document ids that were appended.
    var appendedEnds: Int
    /// Of labels, how much is trained on.
    var supervision: SupervisionCounts?
  }

  /// A record that became no document.
  struct Refusal: Sendable {
    let fault: Fault
    /// Whether the tokenizer refused it, for the text of a special token.
    let isSpecialText: Bool
  }

  struct Piece: Sendable {
    let part: DocumentPart
    let key: Int
  }
}
