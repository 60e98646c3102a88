import CommandLineKit
import Machine
import Preprocess
import Tokenize

/// The arguments that say what of documents is trained on.
struct SupervisionArguments: Sendable {
  var maskedTokens: String?
  var isChat = false
  var template: String?
  var tokenizerFolder: String?
  var generationRole = "assistant"
  var trainsOnLastOnly = false
  var masksNothing = false
  var isForRewardModel = false
  var rewardKey: String?
  var isRewardBinary = false
  var rewardType = RewardChoice.Element.int32
  var preference: String?
  var promptKey: String?
  var unsupervised = UnsupervisedPolicy.error
  var sequenceLength: Int?

  static let group = ArgumentGroup<SupervisionArguments>(
    "labels",
    [
      .option(
        "--mask-before-token", \.maskedTokens, placeholder: "IDS",
        "train on what follows the first occurrence of these token ids, separated by commas; a "
          + "document without them is trained on completely, as in GPT-NeoX. Labels are written "
          + "beside each text"),
      .flag(
        "--chat", \.isChat,
        "the values of --jsonl-keys are conversations: lists of messages with role and content"),
      .option(
        "--chat-template", \.template, placeholder: "NAME|FILE",
        shownDefault: "that of --tokenizer-path",
        "how conversations become text: \(ChatTemplate.names.joined(separator: ", ")), or a file "
          + "with a Jinja template"),
      .option(
        "--tokenizer-path", \.tokenizerFolder, placeholder: "DIR",
        "a Hugging Face folder with tokenizer.json and tokenizer_config.json; stands for "
          + "--tokenizer-type HFTokenizer --vocab-file DIR/tokenizer.json where these are not given"
      ),
      .option(
        "--generation-role", \.generationRole, placeholder: "ROLE",
        "the role whose turns are trained on"),
      .flag("--only-last", \.trainsOnLastOnly, "train on the last turn only"),
      .flag("--no-mask", \.masksNothing, "train on everything: write no labels, and no end"),
      .flag(
        "--for-rm", \.isForRewardModel,
        "end conversations for a reward model: two ends of sequence, the last the only label"),
      .option(
        "--reward-key", \.rewardKey, placeholder: "KEY",
        "write the reward in this member of the record, a number or a list of them"),
      .flag(
        "--binary-reward", \.isRewardBinary,
        "write 1 for rewards above 0 and else -1 (GPT-NeoX makes every number but 0 a 1)"),
      .option(
        "--reward-type", \.rewardType,
        "what rewards are written as; a fraction is a fault in int32"),
      .option(
        "--preference", \.preference, placeholder: "CHOSEN,REJECTED",
        "the members of a better and a worse answer, strings or conversations of which the last "
          + "turn is the answer; each gets a text and labels, which mask the prompt"),
      .option(
        "--prompt-key", \.promptKey, placeholder: "KEY",
        "the member with the prompt, a string or messages: put before answers that are strings; "
          + "compared with the turn before the answer of conversations, or put before them where it "
          + "is messages"),
      .option(
        "--unsupervised", \.unsupervised, placeholder: "POLICY",
        "what becomes of a document without a token to train on: error makes the record faulty "
          + "(--on-error), keep writes and counts it"),
      .option(
        "--seq-length", \.sequenceLength, placeholder: "N", rule: .atLeast(1),
        "count the documents that training cuts at this length"),
    ])

  /// The members to read where --jsonl-keys names none.
  var standardKeys: [String] { isChat ? ["conversation"] : ["text"] }

  /// Puts the arguments into a recipe.
  func apply(to recipe: inout Recipe, keysAreGiven: Bool) throws {
    try checkCompany()
    recipe.unsupervised = unsupervised
    recipe.sequenceLength = sequenceLength
    if let maskedTokens {
      guard let ids = Supervision.tokens(maskedTokens) else {
        throw UsageError(
          "argument --mask-before-token: '\(maskedTokens)' has no token ids; give numbers with "
            + "commas between, as in 65,58,32")
      }
      recipe.supervision = .afterTokens(ids)
    } else if isChat {
      recipe.supervision = .chat(try chat(reward: reward))
    } else if let preference {
      guard !keysAreGiven else {
        throw UsageError("argument --jsonl-keys: --preference names the members itself")
      }
      let names = preference.split(separator: ",", omittingEmptySubsequences: false).map(
        String.init)
      guard names.count == 2, names.allSatisfy({ !$0.isEmpty }), names[0] != names[1] else {
        throw UsageError(
          "argument --preference: '\(preference)' is not two members, as in chosen,rejected")
      }
      var choice = PreferenceChoice(chosen: names[0], rejected: names[1])
      choice.promptKey = promptKey
      if try template != nil || tokenizerFolder.map(Self.hasTemplate) == true {
        choice.chat = try chat(reward: nil)
        // What comes before the answer is the prompt, earlier turns of the same role included.
        choice.chat?.options.onlyLast = true
      } else {
        try check(
          false, "--chat-template, or --tokenizer-path with a template",
          ["--generation-role": generationRole != "assistant"])
      }
      recipe.keys = names
      recipe.supervision = .preference(choice)
    }
  }

  /// Whether a tokenizer's folder has a template; one that cannot be read is an error.
  private static func hasTemplate(_ folder: String) throws -> Bool {
    do throws(TokenizeError) {
      _ = try ChatTemplate.inFolder(folder)
      return true
    } catch {
      if case .missing = error { return false }
      throw error
    }
  }

  private var reward: RewardChoice? {
    rewardKey.map { key in
      var reward = RewardChoice(key: key)
      reward.isBinary = isRewardBinary
      reward.element = rewardType
      return reward
    }
  }

  private func chat(reward: RewardChoice?) throws -> ChatChoice {
    let source: ChatChoice.Template
    switch template {
    case let name? where ChatTemplate.names.contains(name): source = .named(name)
    case let path?:
      guard DurableFile.exists(path) else {
        throw UsageError(
          "argument --chat-template: '\(path)' is neither a file nor one of "
            + ChatTemplate.names.joined(separator: ", "))
      }
      source = .file(path)
    case nil:
      guard let tokenizerFolder else {
        throw UsageError("--chat needs --chat-template, or --tokenizer-path with one")
      }
      source = .folder(tokenizerFolder)
    }
    var chat = ChatChoice(template: source, folder: tokenizerFolder)
    chat.options = ChatEncodingOptions(
      layout: masksNothing ? .unmasked : isForRewardModel ? .rewardModel : .turns,
      generationRole: generationRole, onlyLast: trainsOnLastOnly)
    chat.reward = reward
    return chat
  }

  /// Refuses options that would have no effect.
  private func checkCompany() throws {
    let modes = [
      ("--mask-before-token", maskedTokens != nil), ("--chat", isChat),
      ("--preference", preference != nil),
    ].filter(\.1).map(\.0)
    guard modes.count < 2 else {
      throw UsageError("argument \(modes[1]): not allowed with argument \(modes[0])")
    }
    let readsChats = isChat || preference != nil
    try check(readsChats, "--chat or --preference", ["--chat-template": template != nil])
    try check(
      isChat, "--chat",
      [
        "--only-last": trainsOnLastOnly, "--no-mask": masksNothing, "--for-rm": isForRewardModel,
        "--reward-key": rewardKey != nil,
      ])
    try check(
      rewardKey != nil, "--reward-key",
      ["--binary-reward": isRewardBinary, "--reward-type": rewardType != .int32])
    try check(preference != nil, "--preference", ["--prompt-key": promptKey != nil])
    try check(
      readsChats, "--chat or --preference", ["--generation-role": generationRole != "assistant"])
    try check(
      !modes.isEmpty && !masksNothing, "labels",
      ["--unsupervised": unsupervised != .error, "--seq-length": sequenceLength != nil])
    guard !(masksNothing && isForRewardModel) else {
      throw UsageError("argument --for-rm: not allowed with argument --no-mask")
    }
  }

  private func check(
    _ isThere: Bool, _ needed: String, _ given: KeyValuePairs<String, Bool>
  ) throws {
    for (name, isGiven) in given where isGiven && !isThere {
      throw UsageError("argument \(name): it needs \(needed)")
    }
  }
}
