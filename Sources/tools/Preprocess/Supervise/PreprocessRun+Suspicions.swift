import IndexedData
import Tokenize

extension PreprocessRun {
  /// What of the whole run looks as if an option or the template were meant for other data.
  func suspicions(_ state: RunState) -> [String] {
    supervisionSuspicions(state) + [sourceSuspicion(state.sources)].compactMap(\.self)
  }

  /// Records without the member that names them.
  private func sourceSuspicion(_ blocks: SourceBlocks?) -> String? {
    guard let key = recipe.sources?.idKey, let blocks, blocks.idCount < blocks.documentCount else {
      return nil
    }
    let lacking = blocks.documentCount - blocks.idCount
    return lacking == blocks.documentCount
      ? "--id-key: none of \(lacking) documents comes from a record with a member \"\(key)\""
      : "--id-key: \(lacking) of \(blocks.documentCount) documents come from records without the member"
        + " \"\(key)\""
  }

  private func supervisionSuspicions(_ state: RunState) -> [String] {
    switch recipe.supervision {
    case .everything: return []
    case .afterTokens(let pattern): return suspicions(of: pattern, state)
    case .chat(let chat): return suspicions(of: chat, state.conversations)
    case .preference(let choice):
      return choice.chat.map { suspicions(of: $0, state.conversations) } ?? []
    }
  }

  /// A run of tokens that no document has.
  private func suspicions(of pattern: [TokenID], _ state: RunState) -> [String] {
    let ids = pattern.map { String($0) }.joined(separator: ",")
    var bytes: [UInt8] = []
    for id in pattern { tokenizer.appendBytes(of: id, to: &bytes) }
    return zip(plan.tracks, state.outputs).compactMap { track, output in
      // The tokens themselves are never trained on.
      guard track.kind == .labels, output.tokens > 0,
        output.supervision.supervised == output.tokens
      else { return nil }
      return "--mask-before-token: none of \(output.documents) documents of \(track.key) contains "
        + "\(ids), which is \"\(Self.visible(bytes))\": all are trained on completely"
    }
  }

  /// Roles and members that the options or the template name and no message has.
  private func suspicions(of chat: ChatChoice, _ counts: ConversationCounts) -> [String] {
    let roles = counts.roles
    guard !roles.counts.isEmpty else { return [] }
    let wanted = chat.options.generationRole
    var notes: [String] = []
    if chat.options.layout == .turns, roles[wanted] == 0 {
      notes.append(
        "--generation-role: none of \(roles.total) messages is of the role \(wanted), so that nothing "
          + "is trained on; there are \(roles.words)")
    }
    let named = plan.chatEncoder?.template.namedRoles ?? []
    let namedWords = named.sorted().joined(separator: ", ")
    let lost = counts.unwritten.counts.filter { counts.written[$0.key] == 0 }
    for (role, count) in lost.sorted(by: { $0.key < $1.key }) {
      notes.append(
        "the chat template writes nothing of the \(count) messages of the role \(role)"
          + (named.isEmpty ? "" : "; the roles that it names are \(namedWords)"))
    }
    let missing = named.filter { roles[$0] == 0 }.sorted().joined(separator: ", ")
    var strangers = NameCounts()
    for (role, count) in roles.counts where !named.contains(role) && lost[role] == nil {
      strangers.add(role, count)
    }
    if !missing.isEmpty, !strangers.counts.isEmpty {
      notes.append(
        "the chat template names \(missing), which none of \(roles.total) messages has for a role; "
          + "roles that occur and that it does not name are \(strangers.words)")
    }
    // What a message says is nowhere left out on purpose.
    for (name, count) in counts.absent.counts.sorted(by: { $0.key < $1.key })
    where count == counts.conversations && counts.members[name] == 0 || name == "content" {
      let share = count == counts.conversations ? "all of" : "\(count) of"
      notes.append(
        "the chat template writes \(name), which is nothing in \(share) \(counts.conversations)"
          + " conversations; messages have \(counts.members.words)")
    }
    return notes
  }
}
