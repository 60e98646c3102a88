/// Templates known by name, written to the layouts that their models were published with.
///
/// They give the text of the models' own, of OpenHermes 2.5, Llama 2 chat, Llama 3 Instruct, Mixtral
/// 8x7B Instruct and Zephyr 7B beta, but for roles that a model does not know: Zephyr's own passes
/// over them and this one writes them like others, Llama 2's own passes over them where the
/// assistant is due and this one refuses them. Mistral 7B Instruct 0.1 has a space behind each end of
/// sequence, which later versions and this one have not.
struct PublishedTemplate {
  let source: String
  var specialTokens: [String: String] = [:]

  static let all: [String: PublishedTemplate] = [
    "chatml": chatML, "llama2": llama2, "llama3": llama3, "mistral": mistral, "plain": plain,
    "zephyr": zephyr,
  ]

  /// Each message between `<|im_start|>` with its role and `<|im_end|>`.
  private static let chatML = PublishedTemplate(
    source: """
      {% for message in messages %}
      {{ '<|im_start|>' ~ message.role ~ '\\n' }}{{ message.content }}{{ '<|im_end|>\\n' }}
      {%- endfor %}
      {% if add_generation_prompt %}
      {{ '<|im_start|>assistant\\n' }}
      {%- endif %}
      """)

  /// `[INST] … [/INST]` around what the user says, a system prompt within the first.
  private static let llama2 = PublishedTemplate(
    source: """
      {% set state = namespace(system='', turns=0) %}
      {% for message in messages %}
      {% if message.role == 'system' and loop.first %}
      {% set state.system = '<<SYS>>\\n' ~ message.content ~ '\\n<</SYS>>\\n\\n' %}
      {% else %}
      {% if message.role != ('user' if state.turns % 2 == 0 else 'assistant') %}
      {{ raise_exception('user and assistant take turns, after a system message if there is one') }}
      {% endif %}
      {% if message.role == 'user' %}
      {{ bos_token }}{{ '[INST] ' }}{{ (state.system ~ message.content) | trim }}{{ ' [/INST]' }}
      {%- set state.system = '' %}
      {% else %}
      {{ ' ' }}{{ message.content | trim }}{{ ' ' ~ eos_token }}
      {%- endif %}
      {% set state.turns = state.turns + 1 %}
      {% endif %}
      {% endfor %}
      """, specialTokens: ["bos_token": "<s>", "eos_token": "</s>"])

  /// Each message behind a header with its role, ended by `<|eot_id|>`.
  private static let llama3 = PublishedTemplate(
    source: """
      {% for message in messages %}
      {% if loop.first %}
      {{ bos_token }}
      {%- endif %}
      {{ '<|start_header_id|>' ~ message.role ~ '<|end_header_id|>\\n\\n' }}
      {{- message.content | trim }}{{ '<|eot_id|>' }}
      {%- endfor %}
      {% if add_generation_prompt %}
      {{ '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}
      {%- endif %}
      """, specialTokens: ["bos_token": "<|begin_of_text|>", "eos_token": "<|eot_id|>"])

  /// One `<s>`, `[INST] … [/INST]` around what the user says, `</s>` behind each answer.
  private static let mistral = PublishedTemplate(
    source: """
      {{ bos_token }}
      {%- for message in messages %}
      {% if message.role != ('user' if loop.index0 % 2 == 0 else 'assistant') %}
      {{ raise_exception('user and assistant take turns, the user first') }}
      {% endif %}
      {% if message.role == 'user' %}
      {{ '[INST] ' }}{{ message.content }}{{ ' [/INST]' }}
      {%- else %}
      {{ message.content }}{{ eos_token }}
      {%- endif %}
      {% endfor %}
      """, specialTokens: ["bos_token": "<s>", "eos_token": "</s>"])

  /// `User: …`, `Assistant: …`, a line each, without special tokens.
  private static let plain = PublishedTemplate(
    source: """
      {% for message in messages %}
      {{ message.role | capitalize ~ ':' }}{{ ' ' }}{{ message.content }}{{ '\\n' }}
      {%- endfor %}
      {% if add_generation_prompt %}
      {{ 'Assistant:' }}
      {%- endif %}
      """)

  /// Each message behind a line `<|role|>`, ended by `</s>`.
  private static let zephyr = PublishedTemplate(
    source: """
      {% for message in messages %}
      {{ '<|' ~ message.role ~ '|>\\n' }}{{ message.content }}{{ eos_token ~ '\\n' }}
      {%- endfor %}
      {% if add_generation_prompt %}
      {{ '<|assistant|>\\n' }}
      {%- endif %}
      """, specialTokens: ["eos_token": "</s>"])
}
