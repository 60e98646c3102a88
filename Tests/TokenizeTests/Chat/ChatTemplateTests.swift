import TestSupport
import Testing

@testable import Tokenize

@Suite("Chat templates")
struct ChatTemplateTests {
  static let talk = [
    ChatMessage(role: "system", content: "S"), ChatMessage(role: "user", content: "u1"),
    ChatMessage(role: "assistant", content: "a1"), ChatMessage(role: "user", content: "u2"),
    ChatMessage(role: "assistant", content: "a2"),
  ]

  @Test("A template renders as transformers renders it", arguments: RecordedChats.titles)
  func recorded(title: String) throws {
    for row in RecordedChats.rendered where row["title"]?.string == title {
      let source = try #require(row["template"]?.string)
      let name = try #require(row["conversation"]?.string)
      let messages = try RecordedChats.conversation(name)
      let prompt = row["prompt"]?.boolean ?? false
      let tokens = ["bos_token": "<s>", "eos_token": "<|endoftext|>"]
      if row["error"] != nil {
        #expect(throws: TokenizeError.self, "\(name) \(prompt)") {
          try ChatTemplate(source: source, specialTokens: tokens)
            .text(messages, addGenerationPrompt: prompt)
        }
      } else {
        let template = try ChatTemplate(source: source, specialTokens: tokens)
        let text = try template.text(messages, addGenerationPrompt: prompt)
        #expect(text == row["text"]?.string, "\(name) \(prompt)")
      }
    }
  }

  @Test("The recording is there")
  func isThere() {
    #expect(RecordedChats.root?["transformers"]?.string == "5.24.0")
    #expect(RecordedChats.titles.count > 40)
  }

  @Test(
    "A named template has its published layout",
    arguments: [
      (
        "chatml",
        "<|im_start|>system\nS<|im_end|>\n<|im_start|>user\nu1<|im_end|>\n"
          + "<|im_start|>assistant\na1<|im_end|>\n<|im_start|>user\nu2<|im_end|>\n",
        "<|im_start|>assistant\n"
      ),
      (
        "llama2",
        "<s>[INST] <<SYS>>\nS\n<</SYS>>\n\nu1 [/INST] a1 </s><s>[INST] u2 [/INST]", ""
      ),
      (
        "llama3",
        "<|begin_of_text|><|start_header_id|>system<|end_header_id|>\n\nS<|eot_id|>"
          + "<|start_header_id|>user<|end_header_id|>\n\nu1<|eot_id|>"
          + "<|start_header_id|>assistant<|end_header_id|>\n\na1<|eot_id|>"
          + "<|start_header_id|>user<|end_header_id|>\n\nu2<|eot_id|>",
        "<|start_header_id|>assistant<|end_header_id|>\n\n"
      ),
      (
        "zephyr",
        "<|system|>\nS</s>\n<|user|>\nu1</s>\n<|assistant|>\na1</s>\n<|user|>\nu2</s>\n",
        "<|assistant|>\n"
      ),
      ("plain", "System: S\nUser: u1\nAssistant: a1\nUser: u2\n", "Assistant:"),
    ])
  func published(name: String, text: String, prompt: String) throws {
    let template = try ChatTemplate.named(name)
    let messages = Array(Self.talk.prefix(4))
    #expect(try template.text(messages) == text)
    #expect(try template.text(messages, addGenerationPrompt: true) == text + prompt)
  }

  @Test("Mistral's layout has no system message")
  func mistral() throws {
    let template = try ChatTemplate.named("mistral")
    let text = try template.text(Array(Self.talk[1...3]))
    #expect(text == "<s>[INST] u1 [/INST]a1</s>[INST] u2 [/INST]")
    #expect(throws: TokenizeError.self) { try template.text(Self.talk) }
    #expect(throws: TokenizeError.self) { try ChatTemplate.named("mistrale") }
  }

  @Test("A piece knows its message")
  func turns() throws {
    func rows(_ source: String) throws -> [String] {
      try ChatTemplate(source: source).render(Self.talk).map {
        "\($0.turn.map(String.init) ?? "-"):\(String(decoding: $0.bytes, as: UTF8.self))"
      }
    }
    #expect(
      try rows("A{% for m in messages[3:] %}<{{ m.content }}>{% endfor %}Z")
        == ["-:A", "3:<u2>", "4:<a2>", "-:Z"])
    #expect(
      try rows(
        "{% set s = messages[0].content %}[{{ s }}]{% set rest = messages[1:3] %}"
          + "{% for m in rest %}{% for c in m.content %}{{ c }}.{% endfor %}{% endfor %}")
        == ["-:[", "0:S", "-:]", "1:u.1.", "2:a.1."])
    #expect(
      try rows("{% for i in range(2) %}{% set m = messages[i] %}<{{ m.role }}>{% endfor %}!")
        == ["0:<system>", "1:<user>", "-:!"])
  }

  @Test(
    "What is not supported is named with its line",
    arguments: [
      ("a\n{% include 'x' %}", 2, "include"), ("{{ 'a' | wordwrap }}", 1, "wordwrap"),
      ("\n\n{{ 1 is callable }}", 3, "callable"),
      ("{% for x in y recursive %}{% endfor %}", 1, "recursive"),
      ("{% if true %}\n", 1, "endif"), ("{{ 'abc }}", 1, "string"), ("{{ (1 }}", 1, ""),
      ("x\n{{ 1 + }}", 2, "value"), ("{% endfor %}", 1, "endfor"), ("{# a", 1, "comment"),
      ("\n{{ f(*a) }}", 2, "*"), ("{{ 99999999999999999999 }}", 1, "large"),
      ("{% break %}", 1, "loop"),
    ])
  func unsupported(source: String, line: Int, word: String) {
    #expect {
      try ChatTemplate(source: source, name: "t")
    } throws: { error in
      guard case .template("t", line, let reason) = error as? TokenizeError else { return false }
      return word.isEmpty || reason.contains(word)
    }
  }

  @Test(
    "What fails while rendering is named with its line",
    arguments: [
      ("\n{{ strftime_now('%Y') }}", 2), ("{{ a.b }}", 1), ("{{ 1 + 'a' }}", 1),
      ("\n\n{{ raise_exception('no') }}", 3), ("{{ 1 // 0 }}", 1), ("{{ 'a' * 999999999999 }}", 1),
      ("{{ range(99999999) }}", 1), ("{{ 9223372036854775807 + 1 }}", 1), ("{{ f() }}", 1),
      ("{% set n = namespace() %}{% set n.n = n %}", 1), ("{{ 'a'.encode() }}", 1),
      ("{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}", 1),
      (
        "{% set n = namespace(x=[]) %}{% for i in range(200) %}{% set n.x = [n.x, n.x] %}{% endfor %}",
        1
      ),
      (
        "{% set n = namespace(x='ab') %}{% for i in range(99) %}{% set n.x = n.x + n.x %}{% endfor %}",
        1
      ),
    ])
  func failures(source: String, line: Int) throws {
    let template = try ChatTemplate(source: source, name: "t")
    #expect {
      try template.render(Self.talk)
    } throws: { error in
      guard case .template("t", line, _) = error as? TokenizeError else { return false }
      return true
    }
  }

  @Test(
    "The roles that a template tells apart are known",
    arguments: [
      (
        "{% for m in messages %}{% if m['role'] == 'a' %}{% elif m.role in ['b', 'c'] %}",
        ["a", "b", "c"]
      ),
      (
        "{% for m in messages %}{% set role = 'x' %}{% if 'd' != role or m.content == 'no' %}",
        ["d"]
      ),
      (
        "{% for m in messages | selectattr('role', 'equalto', 'e') %}{% if m.role is eq('f') %}",
        ["e", "f"]
      ),
      ("{% for m in messages %}{% if m.role != ('g' if loop.first else 'h') %}", ["g", "h"]),
    ] as [(String, Set<String>)])
  func roles(source: String, names: Set<String>) throws {
    #expect(try ChatTemplate(source: source + "{% endif %}{% endfor %}").namedRoles == names)
  }

  @Test("What is absent, and messages of which nothing is written, are told")
  func absent() throws {
    func seen(_ source: String) throws -> (names: Set<String>, turns: [Int]) {
      let result = try ChatTemplate(source: source).interpreted(
        Self.talk, addGenerationPrompt: false, variables: [:])
      return (result.absentNames, result.usedTurns.sorted())
    }
    let loop = "{% for m in messages %}"
    let lost = try seen(loop + "{{ m.text }}{{ 'x' ~ bos }}{{ m.name or 'y' }}{% endfor %}")
    #expect(lost.names == ["text", "bos"] && lost.turns == [])
    let guarded = try seen(
      loop
        + "{{ m.text | default('') }}{{ m.a if m.a }}{% if m.b %}{{ m.b }}{% endif %}{% endfor %}")
    #expect(guarded.names == [])
    let some = try seen(
      loop + "{% if m.role == 'user' %}{{ m.content }}{% else %}{{ '-' }}{% endif %}{% endfor %}")
    #expect(some.turns == [1, 3])
    // A system prompt within the first turn.
    let llama = try ChatTemplate.named("llama2").interpreted(
      Self.talk, addGenerationPrompt: false, variables: [:])
    #expect(llama.usedTurns.sorted() == [0, 1, 2, 3, 4] && llama.absentNames == [])
  }

  @Test(
    "Strings are cut as Python cuts them",
    arguments: [
      ("'aaa'.rsplit('aa', 1)", "['a', '']"), ("'a.b.c'.rsplit('.', 1)", "['a.b', 'c']"),
      ("'aaaa'.rsplit('aa', 5)", "['', '', '']"), ("'abc'.rsplit('x', 1)", "['abc']"),
      ("'héllo'[1:4]", "éll"), ("'héllo'[::-1]", "olléh"), ("'héllo'[-1]", "o"),
      ("'héllo'[4:1:-1]", "oll"), ("'héllo'[3:2]", ""), ("'héllo' | reverse", "olléh"),
      ("'a  b'.split(none, 1)", "['a', 'b']"), ("'aXbX'.replace('', '-', 2)", "-a-XbX"),
    ])
  func cuts(expression: String, text: String) throws {
    #expect(try ChatTemplate(source: "{{ \(expression) }}").text(Self.talk) == text)
  }

  @Test("Deep templates are refused, not run out of the stack")
  func deep() {
    for (open, close) in [
      ("(", ")"), ("[", "]"), ("not ", ""), ("-", ""), ("1 + ", ""), ("1 if 1 else ", ""),
    ] {
      let source =
        "{{ " + String(repeating: open, count: 100_000) + "1"
        + String(repeating: close, count: 100_000) + " }}"
      #expect(throws: TokenizeError.self) { try ChatTemplate(source: source) }
    }
    let tags = String(repeating: "{% if 1 %}", count: 100_000)
    #expect(throws: TokenizeError.self) { try ChatTemplate(source: tags) }
    let filters = "{{ 1" + String(repeating: "|abs", count: 100_000) + " }}"
    #expect(throws: TokenizeError.self) { try ChatTemplate(source: filters) }
  }

  @Test("No damaged template traps", arguments: [1, 2, 3] as [UInt64])
  func fuzz(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    let sources = RecordedChats.rendered.compactMap { $0["template"]?.bytes }
    try #require(!sources.isEmpty)
    let talk = try RecordedChats.conversation("talk")
    var rendered = 0
    for _ in 0..<1500 {
      var source = sources[Int(generator.next() % UInt64(sources.count))]
      for _ in 0...generator.next() % 3 {
        let other = sources[Int(generator.next() % UInt64(sources.count))]
        let place = Int(generator.next() % UInt64(source.count))
        let end = min(place + Int(generator.next() % 6), source.count)
        let from = Int(generator.next() % UInt64(other.count))
        source.replaceSubrange(
          place..<end, with: other[from..<min(from + Int(generator.next() % 8), other.count)])
        if source.isEmpty { source = [0x7B] }
      }
      let text = String(decoding: source, as: UTF8.self)
      if let template = try? ChatTemplate(source: text), (try? template.render(talk)) != nil {
        rendered += 1
      }
    }
    #expect(rendered > 100)
  }
}
