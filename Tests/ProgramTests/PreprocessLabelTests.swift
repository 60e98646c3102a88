import Foundation
import IndexedData
import TestSupport
import Testing

@Suite("neox-preprocess, labels and rewards")
struct PreprocessLabelTests {
  let fixture: PreprocessFixture
  static let index = BuiltProgram("neox-index")

  init() throws { fixture = try PreprocessFixture() }

  private func run(
    _ lines: [String], _ flags: [String], prefix: String = "o"
  ) throws -> ProgramRun { try fixture.runOnBytes(lines, flags, prefix: prefix) }

  private func masked(_ count: Int) -> [Int32] { [Int32](repeating: -100, count: count) }

  /// All elements of a dataset, document by document.
  private func documents(_ name: String) throws -> [[Int32]] {
    let dataset = try IndexedDataset(prefix: fixture.folder.file(name + "_document"))
    #expect(dataset.elementType == .int32)
    return try (0..<dataset.sequenceCount).map { sequence in
      var values = [Int64](repeating: 0, count: try dataset.size(of: sequence))
      var span = values.mutableSpan
      try dataset.read(sequence, from: 0, into: &span)
      return values.map { Int32(truncatingIfNeeded: $0) }
    }
  }

  private func ids(_ text: String) -> [Int32] { text.utf8.map { Int32($0) } }

  @Test("a mask before tokens is GPT-NeoX's")
  func mask() throws {
    let lines = ["Q: x A: y", "none here", "A: A: z"].map { "{\"text\":\"\($0)\",\"b\":\"A: c\"}" }
    let flags = ["--append-eod", "--mask-before-token", "[65, 58, 32],"]
    let run = try run(lines, flags + ["--jsonl-keys", "text", "b"])
    #expect(run.status == 0, "\(run.all)")
    #expect(try documents("o_text") == ["Q: x A: y", "none here", "A: A: z"].map { ids($0) + [0] })
    let labels: [[Int32]] = [
      masked(8) + [121, 0], ids("none here") + [0], masked(3) + [65, 58, 32, 122, 0],
    ]
    #expect(try documents("o_label") == labels)
    #expect(try documents("o_b_label") == Array(repeating: masked(3) + [99, 0], count: 3))
    let check = try Self.index.run(
      ["verify", "--deep"] + ["text", "label"].map { fixture.folder.file("o_\($0)_document") })
    #expect(check.status == 0, "\(check.all)")
  }

  private let conversation = """
    {"conversation":[{"role":"system","content":"S"},{"role":"user","content":"u1"},\
    {"role":"assistant","content":"a1"},{"role":"user","content":"u2"},\
    {"role":"assistant","content":"a2"}],"r":1}
    """
  private let unanswered = """
    {"conversation":[{"role":"system","content":"S"},{"role":"user","content":"u1"},\
    {"role":"assistant","content":"a1"},{"role":"user","content":"u2"}],"r":-1}
    """

  private func chat(_ flags: [String], prefix: String = "o") throws -> ProgramRun {
    let template = try fixture.folder.write(
      "t.jinja",
      Array(
        ("{% for m in messages %}<{{ m['role'][0] }}>{{ m['content'] }}|{% endfor %}"
          + "{% if add_generation_prompt %}<a>{% endif %}").utf8))
    return try run(
      [conversation, unanswered], ["--chat", "--chat-template", template] + flags, prefix: prefix)
  }

  @Test("conversations get GPT-NeoX's labels")
  func turns() throws {
    let run = try chat(["--reward-key", "r"])
    #expect(run.status == 0, "\(run.all)")
    let (first, second) = ("<s>S|<u>u1|<a>a1|<u>u2|<a>a2|", "<s>S|<u>u1|<a>a1|<u>u2|")
    #expect(try documents("o_conversation") == [ids(first) + [0], ids(second) + [0]])
    var whole: [Int32] = masked(14) + ids("a1|") + masked(9)
    whole += ids("a2|") + [0]
    let cut: [Int32] = masked(14) + ids("a1|") + masked(7)
    #expect(try documents("o_conversation_label") == [whole, cut])
    #expect(try documents("o_conversation_reward") == [[1], [-1]])
    let last = try chat(["--only-last", "--unsupervised", "keep"], prefix: "l")
    #expect(last.status == 0 && last.output.contains("nothing of 1 document"), "\(last.all)")
    let lastOnly: [Int32] = masked(26) + ids("a2|") + [0]
    #expect(try documents("l_conversation_label") == [lastOnly, masked(24)])
    let reward = try chat(["--for-rm"], prefix: "m")
    #expect(reward.status == 0, "\(reward.all)")
    #expect(try documents("m_conversation").map(\.count) == [31, 25])
    #expect(try documents("m_conversation_label") == [masked(30) + [0], masked(24) + [0]])
    let all = try chat(["--no-mask"], prefix: "n")
    #expect(all.status == 0, "\(all.all)")
    #expect(try documents("n_conversation") == [ids(first), ids(second)])
    #expect(try !fixture.names("n").contains("n_conversation_label_document.bin"))
  }

  @Test("a document without a token to train on is a fault")
  func unsupervised() throws {
    let stopped = try chat(["--only-last"])
    #expect(stopped.status == 1 && stopped.errors.contains("i.jsonl:2:"), "\(stopped.all)")
    #expect(stopped.errors.contains("--unsupervised keep"))
    let skipped = try chat(["--only-last", "--on-error", "skip", "--restart"])
    #expect(skipped.status == 0 && skipped.output.contains("skipped 1 "), "\(skipped.all)")
    #expect(try documents("o_conversation").count == 1)
    let lines = ["{\"text\":\"xA\"}", "{\"text\":\"xAb\"}"]
    let mask = try run(lines, ["--mask-before-token", "65", "--on-error", "skip"], prefix: "k")
    #expect(mask.status == 0, "\(mask.all)")
    #expect(try documents("k_text") == [ids("xAb")])
    #expect(try documents("k_label") == [[-100, -100, 98]])
  }

  @Test("a reward that would be cut is refused with its place and value")
  func fractions() throws {
    let line = conversation.replacing("\"r\":1", with: "\"r\":0.73")
    let flags = ["--chat", "--chat-template", "chatml", "--reward-key", "r"]
    let refused = try run([conversation, line], flags)
    #expect(refused.status == 1 && refused.errors.contains("i.jsonl:2:"), "\(refused.all)")
    #expect(refused.errors.contains("0.73") && refused.errors.contains("--reward-type float32"))
    let kept = try run([conversation, line], flags + ["--reward-type", "float32", "--restart"])
    #expect(kept.status == 0, "\(kept.all)")
    let rewards = try IndexedDataset(
      prefix: fixture.folder.file("o_conversation_reward_document"))
    #expect(rewards.elementType == .float32)
    let shown = try Self.index.run(
      ["show", fixture.folder.file("o_conversation_document"), "1", "--labels", "--json"])
    #expect(shown.output.contains("\"reward\":[0.73"), "\(shown.all)")
  }

  private let pairs = [
    #"{"p":"Q?","a":" yes","b":" no"}"#, #"{"p":"Q?","a":" x","b":" x"}"#,
    #"{"p":"Q?","a":"","b":" x"}"#,
  ]

  @Test("pairs are written with masked prompts, and judged")
  func preference() throws {
    let flags = ["--preference", "a,b", "--prompt-key", "p", "--append-eod", "--seq-length", "4"]
    let run = try run(pairs, flags)
    #expect(run.status == 0, "\(run.all)")
    #expect(try documents("o_a") == ["Q? yes", "Q? x", "Q?"].map { ids($0) + [0] })
    let labels = { (answer: String) -> [Int32] in masked(2) + ids(answer) + [0] }
    #expect(try documents("o_a_label") == [labels(" yes"), labels(" x"), labels("")])
    #expect(try documents("o_b_label")[0] == labels(" no"))
    #expect(
      run.output.contains(
        "pairs: 1 identical, 1 with an empty a, 0 with an empty b, 0 with differing prompts"))
    #expect(run.output.contains("1 document longer than 5 tokens"))
    #expect(run.output.contains("a have 3.0 tokens on average, b 3.3"), "\(run.all)")
    let empty = try self.run(pairs, flags.filter { $0 != "--append-eod" }, prefix: "e")
    #expect(empty.status == 1 && empty.errors.contains("i.jsonl:3:"), "\(empty.all)")
    #expect(empty.errors.contains("\"a\": no token"))
  }

  @Test("answers that are conversations follow a prompt, which may differ")
  func conversationPairs() throws {
    let turn = { (role: String, text: String) in "{\"role\":\"\(role)\",\"content\":\"\(text)\"}" }
    let (user, good, bad) = (turn("user", "u"), turn("assistant", "g"), turn("assistant", "b"))
    let other = turn("user", "v")
    let run = try run(
      [
        "{\"c\":[\(user),\(good)],\"r\":[\(user),\(bad)]}",
        "{\"c\":[\(user),\(good)],\"r\":[\(other),\(bad)]}",
      ], ["--preference", "c,r", "--chat-template", "chatml"])
    #expect(run.status == 0 && run.output.contains("1 with differing prompts"), "\(run.all)")
    let labels = try documents("o_c_label")[0].filter { $0 != -100 }
    #expect(labels.first == 103 && labels.last == 0)
  }

  @Test("a dry run shows labels, and nothing is written")
  func dryRun() throws {
    let run = try run(pairs, ["--preference", "a,b", "--prompt-key", "p", "--dry-run", "1"])
    #expect(run.output.contains("      81     -100  \"Q\"\n"), "\(run.all)")
    #expect(run.output.contains("     121      121  \"y\"\n"))
    #expect(try fixture.names("o") == [])
  }

  @Test("a companion that does not fit is found")
  func desynchronised() throws {
    _ = try run(pairs, ["--preference", "a,b", "--prompt-key", "p", "--unsupervised", "keep"])
    let sound = try Self.index.run(["verify", fixture.folder.file("o_a_document")])
    #expect(sound.status == 0, "\(sound.all)")
    for end in [".bin", ".idx"] {
      try fixture.folder.write(
        "o_a_label_document\(end)", try fixture.folder.read("o_b_label_document\(end)"))
    }
    let found = try Self.index.run(["verify", fixture.folder.file("o_a_document")])
    #expect(
      found.status == 1 && found.output.contains("o_a_label_document.idx: byte")
        && found.output.contains("size of sequence 0: expected 6"), "\(found.all)")
    let shown = try Self.index.run(["show", fixture.folder.file("o_a_document"), "0", "--labels"])
    #expect(shown.status == 1 && shown.errors.contains("document 0"), "\(shown.all)")
  }

  @Test(
    "options without effect are refused",
    arguments: [
      (["--only-last"], "--only-last: it needs --chat"),
      (["--binary-reward", "--chat"], "--binary-reward: it needs --reward-key"),
      (["--chat", "--mask-before-token", "1"], "not allowed with"),
      (["--chat"], "--chat needs --chat-template"),
      (["--chat", "--chat-template", "none"], "neither a file nor one of"),
      (["--mask-before-token", "x"], "has no token ids"),
      (["--preference", "a"], "not two members"),
      (["--preference", "a,b", "--jsonl-keys", "a"], "names the members itself"),
      (["--chat", "--for-rm", "--no-mask", "--chat-template", "chatml"], "not allowed with"),
      (["--chat", "--append-eod", "--chat-template", "chatml"], "leave it out"),
    ])
  func refused(flags: [String], reason: String) throws {
    let run = try run(pairs, flags)
    #expect(run.status == 2 && run.errors.contains(reason), "\(run.all)")
  }

  @Test("records longer than a block get their labels whole")
  func longRecord() throws {
    let long = String(repeating: "word ", count: 200_000)
    let lines = [
      "{\"p\":\"\(long)\",\"a\":\"b\",\"c\":\"d\"}", "{\"p\":\"q\",\"a\":\"b\",\"c\":1}",
    ]
    let run = try run(
      lines,
      ["--preference", "a,c", "--prompt-key", "p", "--memory", "160MiB", "--workers", "1"])
    #expect(run.status == 1 && run.errors.contains("i.jsonl:2:"), "\(run.all)")
    let skipped = try self.run(
      lines,
      [
        "--preference", "a,c", "--prompt-key", "p", "--memory", "160MiB", "--workers", "1",
        "--on-error", "skip", "--restart",
      ])
    #expect(skipped.status == 0, "\(skipped.all)")
    #expect(try documents("o_a_label") == [masked(1_000_000) + [98]])
  }

  @Test("progress counts tokens of texts only, from where the work begins")
  func progress() throws {
    let run = try PreprocessFixture.program.run(
      fixture.byteArguments(try fixture.writeLines(pairs), ["--preference", "a,b"]).map {
        $0 == "off" ? "json" : $0
      } + ["--unsupervised", "keep"])
    #expect(run.status == 0, "\(run.all)")
    // Answers have 4 + 2 + 0 and 3 + 2 + 2 bytes, and as many labels.
    let last = try #require(run.errors.split(separator: "\n").last)
    #expect(last.contains("\"tokens\":13,"), "\(run.all)")
    #expect(!last.contains("\"bytes_per_second\":0,"), "\(run.all)")
  }

  @Test("a reward model's labels are told as what they are")
  func rewardModelReport() throws {
    let run = try chat(["--for-rm"])
    #expect(
      run.output.contains("trained on: 2 tokens, the last of each document\n"), "\(run.all)")
    let long = "{\"text\":\"\(String(repeating: "x", count: 500))Ay\"}"
    let mask = try self.run([long], ["--mask-before-token", "65"], prefix: "m")
    #expect(mask.output.contains("; less than 1% of each document"), "\(mask.all)")
  }

  @Test(
    "a template that asks for more than there is memory is refused before it is built",
    arguments: [
      "('a' * 16384) | replace('a', 'b' * 262144)", "('a' * 16384).replace('', 'b' * 262144)",
      "('\\n' * 16384) | indent('b' * 262144, blank=true)",
      "[\((0..<30).map { _ in "x" }.joined(separator: ","))]",
      "[\((0..<30).map { _ in "x" }.joined(separator: ","))] | tojson",
      "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]] | tojson(indent=x)",
      "('ab' * 67108864).split('b')", "('a' * 67108864) | list",
      "x.join(['a' * 30] | map('list') | first)",
    ])
  func hostileTemplate(expression: String) throws {
    let template = try fixture.folder.write(
      "h.jinja", Array("{% set x = 'b' * 134217728 %}\n{{ \(expression) }}".utf8))
    let run = try PreprocessFixture.program.run(
      fixture.byteArguments(
        try fixture.writeLines([conversation]),
        [
          "--chat", "--chat-template", template, "--workers", "1", "--memory", "160MiB",
        ]), shellSetup: "ulimit -v 3000000")
    #expect(run.status == 1 && run.errors.contains("line 2"), "\(run.all)")
    #expect(
      run.errors.contains("a string of more than") || run.errors.contains("a value of more than"),
      "\(run.all)")
  }
}
