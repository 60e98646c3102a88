package import Tokenize

/// What of each document a model is trained to predict, and what else is written beside the text.
package enum Supervision: Sendable {
  /// Everything is trained on; there is text only.
  case everything
  /// Nothing up to and with a run of tokens is trained on (`--mask-before-token`).
  case afterTokens([TokenID])
  /// Conversations, of which turns of a role are trained on (`--chat`).
  case chat(ChatChoice)
  /// Pairs of a better and a worse answer (`--preference`).
  case preference(PreferenceChoice)

  /// Reads the value of `--mask-before-token` as GPT-NeoX does: of each part between commas the
  /// digits count, and parts without digits are passed over.
  ///
  /// `nil` when no part has a digit, or one is no id.
  package static func tokens(_ text: String) -> [TokenID]? {
    var ids: [TokenID] = []
    for part in text.split(separator: ",") {
      let digits = part.unicodeScalars.filter { ("0"..."9").contains($0) }
      guard !digits.isEmpty else { continue }
      guard let id = TokenID(String(String.UnicodeScalarView(digits))), id <= Int32.max else {
        return nil
      }
      ids.append(id)
    }
    return ids.isEmpty ? nil : ids
  }
}

/// How conversations are read.
package struct ChatChoice: Sendable {
  /// Where the template comes from.
  package enum Template: Sendable, Equatable {
    /// One of ``ChatTemplate/names``.
    case named(String)
    /// A file that holds it.
    case file(String)
    /// The folder of a tokenizer.
    case folder(String)
  }

  /// The template.
  package var template: Template
  /// The folder of the tokenizer, whose special tokens the template and the end are made of.
  package var folder: String?
  /// What is trained on.
  package var options = ChatEncodingOptions()
  /// Where rewards come from.
  package var reward: RewardChoice?
  /// The hash of the template's text and of the tokens it is made of, known when they were read.
  var hash = ""

  /// Chooses a template.
  package init(template: Template, folder: String? = nil) {
    self.template = template
    self.folder = folder
  }
}

/// How the reward of a record is read.
package struct RewardChoice: Sendable {
  /// The types that rewards can be written in.
  package enum Element: String, CaseIterable, Sendable {
    /// Whole numbers, as GPT-NeoX writes them.
    case int32
    /// Any number.
    case float32
  }

  /// The member of the record that holds it.
  package var key: String
  /// Whether it becomes 1 where it is above 0, else -1.
  package var isBinary = false
  /// What is written.
  package var element = Element.int32

  /// Names the member.
  package init(key: String) { self.key = key }
}

/// How pairs are read.
package struct PreferenceChoice: Sendable {
  /// The members of the better and the worse answer.
  package var chosen: String
  package var rejected: String
  /// The member of the prompt, where answers come without it.
  package var promptKey: String?
  /// How answers become conversations, strings too; `nil` where all must be strings and stay text.
  package var chat: ChatChoice?

  /// Names the members of both answers.
  package init(chosen: String, rejected: String) {
    self.chosen = chosen
    self.rejected = rejected
  }
}

/// What becomes of a document of which no token is trained on.
package enum UnsupervisedPolicy: String, CaseIterable, Sendable {
  /// The record is faulty.
  case error
  /// It is written, and counted.
  case keep
}
