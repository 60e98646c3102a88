import TestSupport
import Testing

@Suite("neox-preprocess, options and templates that were meant for other data")
struct PreprocessSuspicionTests {
  let fixture: PreprocessFixture

  init() throws { fixture = try PreprocessFixture() }

  private let talks = (0..<3).map { number in
    """
    {"conversation":[{"role":"human","content":"q\(number)"},{"role":"gpt","content":"a"}]}
    """
  }

  private func chat(_ template: String, _ flags: [String]) throws -> ProgramRun {
    let path = try fixture.folder.write(
      "t.jinja", Array("{% for m in messages %}\(template){% endfor %}".utf8))
    return try fixture.runOnBytes(
      talks, ["--chat", "--chat-template", path] + flags)
  }

  @Test("tokens of a mask that no document has")
  func mask() throws {
    let lines = [#"{"text":"x A: y"}"#, #"{"text":"z"}"#]
    let never = try fixture.runOnBytes(lines, ["--mask-before-token", "66,58"])
    #expect(
      never.errors.contains(
        "note: --mask-before-token: none of 2 documents of text contains 66,58, which is \"B:\": all "
          + "are trained on completely"), "\(never.all)")
    let once = try fixture.runOnBytes(lines, ["--mask-before-token", "65,58"], prefix: "p")
    #expect(once.status == 0 && !once.errors.contains("note:"), "\(once.all)")
  }

  @Test("a role to train on that no message has")
  func role() throws {
    let plain = "{{ m.role ~ m.content }}"
    let stopped = try chat(plain, [])
    #expect(
      stopped.status == 1
        && stopped.errors.contains(
          "no message has the role assistant of --generation-role, but gpt (1), human (1)"),
      "\(stopped.all)")
    for flags in [["--unsupervised", "keep"], ["--on-error", "skip"]] {
      let run = try chat(plain, flags + ["--restart", "--overwrite"])
      #expect(
        run.errors.contains(
          "note: --generation-role: none of 6 messages is of the role assistant, so that nothing is "
            + "trained on; there are gpt (3), human (3)"), "\(run.all)")
    }
    let right = try chat(plain, ["--generation-role", "gpt", "--restart", "--overwrite"])
    #expect(right.status == 0 && !right.errors.contains("note:"), "\(right.all)")
  }

  @Test("a template's roles and members that no message has")
  func template() throws {
    let flags = ["--generation-role", "gpt", "--restart", "--overwrite"]
    let lost = try chat(
      "{% if m.role == 'gpt' %}{{ m.content }}{% elif m.role == 'user' %}{{ m.content }}{% endif %}",
      flags)
    #expect(
      lost.errors.contains(
        "note: the chat template writes nothing of the 3 messages of the role human; the roles that "
          + "it names are gpt, user"), "\(lost.all)")
    #expect(!lost.errors.contains("for a role"))
    let other = try chat(
      "{{ '<u>' if m.role == 'user' else '<a>' }}{{ m.content }}", flags)
    #expect(
      other.errors.contains(
        "note: the chat template names user, which none of 6 messages has for a role; roles that occur "
          + "and that it does not name are gpt (3), human (3)"), "\(other.all)")
    let member = try chat("{{ m.role }}{{ m.content }}{{ m.text }}{{ eos }}", flags)
    for words in [
      "note: the chat template writes text, which is nothing in all of 3 conversations; messages have "
        + "content (6), role (6)", "writes eos, which is nothing",
    ] { #expect(member.errors.contains(words), "\(member.all)") }
  }

  @Test("messages without content, where others have it")
  func withoutContent() throws {
    let lines = ["\"content\":\"b\"", "\"contnt\":\"b\"", "\"content\":\"c\""].map {
      #"{"conversation":[{"role":"user","content":"a"},{"role":"assistant",\#($0)}]}"#
    }
    let run = try fixture.runOnBytes(lines, ["--chat", "--chat-template", "chatml"])
    #expect(
      run.errors.contains(
        "note: the chat template writes content, which is nothing in 1 of 3 conversations; messages have"
          + " role (6), content (5), contnt (1)"), "\(run.all)")
  }

  @Test("a folder with vocab.json and merges.txt is a tokenizer's")
  func tokenizerFolder() throws {
    let line =
      #"{"conversation":[{"role":"user","content":"a"},{"role":"assistant","content":"b"}]}"#
    let input = try fixture.folder.write("chats.jsonl", Array((line + "\n").utf8))
    func run(_ name: String, _ tokenizer: [String]) throws -> ProgramRun {
      try PreprocessFixture.program.run(
        ["--input", input, "--output-prefix", fixture.folder.file(name), "--chat"]
          + ["--chat-template", "chatml", "--progress", "off"] + tokenizer)
    }
    let named = try run("named", fixture.vocabulary)
    let folder = try run("folder", ["--tokenizer-path", fixture.folder.path + "/"])
    #expect(named.status == 0 && folder.status == 0, "\(named.all) \(folder.all)")
    #expect(
      try fixture.folder.read("folder_conversation_document.bin")
        == fixture.folder.read("named_conversation_document.bin"))
  }
}
