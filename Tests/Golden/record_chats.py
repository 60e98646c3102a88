"""Records what transformers renders and what GPT-NeoX's rule of labels makes of it.

usage: record_chats.py 20B_tokenizer.json > chats.json   (transformers 5.24, jinja2)
"""

import json
import sys

import jinja2
import transformers
from transformers import PreTrainedTokenizerFast

TALK = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": "  Hi, \u00e9t\u00e9?\n"},
    {"role": "assistant", "content": "Hello \U0001f600 there. "},
    {"role": "user", "content": "It's 3 < 4 & \"so\"", "name": "Ann"},
    {"role": "assistant", "content": "Yes.\n\nReally"},
]
PAIR = TALK[1:3]
TOOLS = [
    {"role": "user", "content": [{"type": "text", "text": "Look"}, {"type": "image"}]},
    {
        "role": "assistant",
        "content": None,
        "tool_calls": [
            {"function": {"name": "f", "arguments": {"b": 1, "a": [1.5, True, None, "\u00e9<"]}}}
        ],
    },
    {"role": "tool", "content": "{}", "tool_call_id": "x1"},
]

LOOP = "{% for m in messages %}"
CASES = {
    # Whitespace control.
    "trim": "a\n  {% if true %}\n  b\n  {% endif %}  \nc {%- if true -%}  d  {%- endif %}\n\ne\n",
    "plus": "x\n  {%+ if true +%}\n y{% endif %}\n",
    "comment": "a {# one #}\n  {#- two\n -#}  b\n  {# three #}\nc",
    "raw": "a\n{% raw %}\n {{ x }} {% if %}\n{% endraw %}\nb{%- raw -%} {{ y }} {%- endraw -%} c",
    "braces": "{{ {'a': {'b': '}}'}}['a']['b'] }}{{ '{%' }}{ % }",
    "returns": "a\r\nb\r{% if true %}\r\nc{% endif %}\r\n\r\n",
    "variable newline": "{{ 1 }}\n{{- 2 }}\n{{ 3 -}}\n 4",
    # Expressions.
    "arithmetic": "{{ 7 // 2 }} {{ -7 // 2 }} {{ -7 % 3 }} {{ 7 / 2 }} {{ 2 ** 3 }} {{ 1 + 2 * 3 - 4 }} {{ 5 % -3 }} {{ 4 / 2 }} {{ 7.5 // 2 }} {{ -7.5 % 2 }} {{ 2 * 'ab' }} {{ [1] + [2] }}",
    "numbers": "{{ 1e20 }} {{ 1.0 }} {{ 0.1 }} {{ 1e-5 }} {{ 123456789012345680.0 }} {{ 1_000 }} {{ 0.00012 }} {{ 1e16 }} {{ 12345.678e3 }}",
    "logic": "{{ 1 and 2 }} {{ 0 or '' or 'x' }} {{ not 1 }} {{ not not 'a' }} {{ none or 5 }} {{ true and false }}",
    "comparison": "{{ 1 < 2 < 3 }} {{ 1 < 3 < 2 }} {{ 'a' < 'b' }} {{ 1 == 1.0 }} {{ true == 1 }} {{ [1] == [1] }} {{ (1,) == [1] }} {{ 'a' in 'cab' }} {{ 2 not in [1] }} {{ 'k' in {'k': 1} }} {{ 1 != 2 }}",
    "concat": "{{ 'a' ~ 1 ~ none ~ true ~ 1.5 ~ undefined_name }}|{{ 'a' 'b' \"c\" }}",
    "conditional": "{{ 'a' if 0 else 'b' if 1 else 'c' }}|{{ 'x' if false }}|{{ ('y' if messages else 'z') ~ '!' }}",
    "representation": "{{ ['a', 'it\\'s', \"q\\\"\", 1, none, true, {'k': (1,)}] }} {{ () }} {{ 'a\\tb' }} {{ ['a\\n\\u00e9\\x07'] }}",
    "slices": "{{ 'abcdef'[1:4] }} {{ 'abcdef'[-2:] }} {{ 'abcdef'[::-1] }} {{ [1,2,3,4][::2] }} {{ [1,2,3][5:] }} {{ [1,2,3][:-1] }} {{ 'h\u00e9llo'[1] }} {{ [1,2][-1] }} {{ [1,2,3,4][3:0:-2] }}",
    "undefined": "{{ nothing }}|{{ messages[0].nothing }}|{{ messages[99] }}|{{ nothing is defined }}|{{ nothing | default('d') }}|{{ '' | default('e', true) }}|{{ nothing | length }}|{% for x in nothing %}x{% else %}none{% endfor %}|{{ nothing == other }}",
    "precedence": "{{ -1 | abs }} {{ 1 + '2' | int }} {{ 'a' ~ 'b' | upper }} {{ not 'a' in 'b' }} {{ 2 * 3 ~ 4 * 2 }} {{ 10 - 2 - 3 }}",
    "tests": "{{ 1 is number }} {{ 'a' is string }} {{ {} is mapping }} {{ [] is iterable }} {{ none is none }} {{ 3 is odd }} {{ 4 is divisibleby 2 }} {{ true is true }} {{ 1 is true }} {{ false is false }} {{ 'a' is equalto 'a' }} {{ 1 is not none }} {{ 'x' is in ['x'] }} {{ [] is sequence }} {{ true is boolean }} {{ 1.5 is float }} {{ 2 is integer }} {{ true is integer }} {{ 'AB' is upper }} {{ 1 is string or 2 is number }}",
    "escapes": "{{ 'a\\nb\\\\c\\'d\\x41\\u00e9\\q' }}",
    # Statements.
    "loop": LOOP + "{{ loop.index }}{{ loop.index0 }}{{ loop.revindex }}{{ loop.first }}{{ loop.last }}{{ loop.length }} {% if loop.previtem %}{{ loop.previtem.role }}{% endif %}>{{ loop.nextitem.role if loop.nextitem }};{% endfor %}",
    "loop filter": "{% for m in messages if m.role != 'user' %}{{ loop.index }}{{ m.role }}{% else %}nobody{% endfor %}",
    "loop pairs": "{% for k, v in messages[-1].items() %}{{ k }}={{ v }};{% endfor %}{% for (a, b) in [(1, 2), [3, 4]] %}{{ a }}{{ b }}{% endfor %}{% for k in {'x': 1, 'y': 2} %}{{ k }}{% endfor %}{% for c in 'h\u00e9' %}{{ c }}.{% endfor %}",
    "break": LOOP + "{% if loop.index == 2 %}{% continue %}{% endif %}{% if loop.index0 == 3 %}{% break %}{% endif %}{{ m.role }}{% endfor %}",
    "scopes": "{% set x = 1 %}" + LOOP + "{% set x = x + 1 %}{{ x }}{% endfor %}{{ x }}{% if true %}{% set x = 9 %}{% endif %}{{ x }}",
    "namespace": "{% set ns = namespace(n=0, seen=false) %}" + LOOP + "{% set ns.n = ns.n + 1 %}{% if m.role == 'user' %}{% set ns.seen = true %}{% endif %}{% endfor %}{{ ns.n }} {{ ns.seen }}",
    "block set": "{% set x %}\n  <{{ messages[0].role }}>\n{% endset %}[{{ x }}]{% set y | trim | upper %} q {% endset %}[{{ y }}]",
    "unpack": "{% set a, b = 1, 'two' %}{{ b }}{{ a }}",
    "macro": "{% macro say(who, what='nothing', end='.') -%}{{ who }} says {{ what }}{{ end }}{%- endmacro %}{{ say('A') }} {{ say('B', end='!') }} {{ say('C', 'x') | upper }}{% macro deep(n) %}{{ n }}{% if n > 0 %}{{ deep(n - 1) }}{% endif %}{% endmacro %}{{ deep(3) }}",
    "generation": LOOP + "{% if m.role == 'assistant' %}{% generation %}{{ m.content }}{% endgeneration %}{% endif %}{% endfor %}",
    "elif": LOOP + "{% if m.role == 'user' %}U{% elif m.role == 'system' %}S{% else %}A{% endif %}{% endfor %}",
    "nested": "{% for a in range(3) %}{% for b in range(a) %}{{ loop.index }}{{ loop.depth }}{% endfor %}/{{ loop.depth0 }}{% endfor %}{{ range(2, 9, 3) | list }}",
    # Filters and methods.
    "case": "{{ 'heLLo wORLD' | title }} {{ 'heLLo' | capitalize }} {{ 'a' | upper }} {{ 'STRA\u00dfE' | lower }} {{ 'it\\'s a-b' | title }} {{ 'one two'.title() }}",
    "strings": "{{ ' a '.strip() }}|{{ 'xxaxx'.strip('x') }}|{{ '--a'.lstrip('-') }}|{{ 'a\\n\\n'.rstrip('\\n') }}|{{ 'a,b,,c'.split(',') }}|{{ ' a  b '.split() }}|{{ 'a b c'.split(' ', 1) }}|{{ 'a.b.c'.rsplit('.', 1) }}|{{ 'abc'.startswith('ab') }}|{{ 'abc'.endswith(('x', 'bc')) }}|{{ 'aXbX'.replace('X', '-') }}|{{ 'aXbX'.replace('X', '-', 1) }}|{{ ', '.join(['a', 'b']) }}|{{ 'abc'.find('c') }}|{{ 'a</t>b'.split('</t>')[-1] }}|{{ 'abab'.count('ab') }}",
    "lists": "{{ [3, 1, 2] | sort }} {{ ['b', 'A'] | sort }} {{ [1, 2, 3] | first }} {{ [1, 2, 3] | last }} {{ [1, 2] | join('-') }} {{ messages | map(attribute='role') | join(',') }} {{ messages | map(attribute='role') | unique | list }} {{ [1, 2] | reverse | list }} {{ 'ab' | list }} {{ [1, 2, 3] | sum }} {{ [1, 5, 2] | max }} {{ ['a', 'b'] | map('upper') | list }} {{ [3, 1, 2] | sort(reverse=true) }}",
    "select": "{{ messages | selectattr('role', 'equalto', 'user') | list | length }} {{ messages | rejectattr('role', 'in', ['user', 'system']) | map(attribute='role') | list }} {{ [0, 1, 2] | select | list }} {{ [0, 1, 2, 3] | reject('odd') | list }} {{ messages | selectattr('name', 'defined') | map(attribute='name') | list }} {{ messages | selectattr('role', '==', 'user') | list | length }}",
    "json": "{{ messages | tojson }} {{ {'a': [1, 2.5, none, true], 'b': {}} | tojson(indent=2) }} {{ [] | tojson(indent=4) }} {{ 'q\"\\\\\\n\u00e9<>&' | tojson }} {{ [1, 2] | tojson(separators=(',', ':')) }} {{ {'b': 1, 'a': 2} | tojson(sort_keys=true) }} {{ '\u00e9' | tojson(ensure_ascii=true) }}",
    "items": "{% for k, v in {'b': 1, 'a': 2} | items %}{{ k }}{{ v }}{% endfor %}{% for k, v in {'b': 1, 'a': 2} | dictsort %}{{ k }}{{ v }}{% endfor %}{{ {'a': 1}.get('b', 7) }}{{ {'a': 1}.keys() | list }}{{ {'a': 1}.values() | list }}{{ dict(a=1) }}",
    "conversions": "{{ '42' | int }} {{ 'x' | int }} {{ 3.9 | int }} {{ '1.5' | float }} {{ 5 | string ~ 'a' }} {{ '7.9' | int }} {{ 'a\\nb\\n\\nc' | indent(2) }} {{ 'a\\nb' | indent(first=true) }} {{ ' x ' | trim }} {{ 'a<b' | e }} {{ 'aa' | replace('a', 'b') }} {{ messages | length }} {{ -3 | abs }}",
    # Whole templates, in the manner of those that models have.
    "system first": "{% if messages[0]['role'] == 'system' %}{% set system_message = messages[0]['content'] | trim + '\\n\\n' %}{% set messages = messages[1:] %}{% else %}{% set system_message = '' %}{% endif %}{{ bos_token }}" + LOOP + "{% if (m['role'] == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('Roles must alternate') }}{% endif %}{% if loop.index0 == 0 %}{% set content = system_message + m['content'] %}{% else %}{% set content = m['content'] %}{% endif %}{% if m['role'] == 'user' %}{{ '<start>user\\n' + content | trim + '<end>\\n' }}{% elif m['role'] == 'assistant' %}{{ '<start>model\\n' + content | trim + '<end>\\n' }}{% endif %}{% endfor %}{% if add_generation_prompt %}{{ '<start>model\\n' }}{% endif %}",
    "end outside": LOOP + "{{ '<|' + m['role'] + '|>' + '\\n' + m['content'] + '<|end|>' + '\\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<|assistant|>\\n' }}{% else %}{{ eos_token }}{% endif %}",
    "last only": LOOP + "{{ '[' ~ m.role ~ ']' }}{{ m.content }}{{ '\\n' if not loop.last }}{% if loop.last and add_generation_prompt %}{{ '[assistant]' }}{% endif %}{% endfor %}",
    "think": "{%- set ns = namespace(last=-1) %}{%- for m in messages[::-1] %}{%- set i = (messages | length - 1) - loop.index0 %}{%- if ns.last < 0 and m.role == 'user' and m.content is string %}{%- set ns.last = i %}{%- endif %}{%- endfor %}" + LOOP + "{{- '<|im_start|>' + m.role + '\\n' }}{%- if m.role == 'assistant' and loop.index0 > ns.last %}{{- '<think>\\n\\n</think>\\n\\n' }}{%- endif %}{{- m.content }}{{- '<|im_end|>\\n' }}{%- endfor %}{%- if add_generation_prompt %}{{- '<|im_start|>assistant\\n<think>\\n' }}{%- endif %}",
    "numbered": "{% for i in range(messages | length) %}{% set m = messages[i] %}<{{ m.role }}>{{ m.content }}\n{% endfor %}",
    "refuses": "{{ bos_token }}{{ raise_exception('no system role') if messages[0].role == 'system' }}fine",
}
TOOL_CASES = {
    "parts": LOOP + "<{{ m.role }}>{% if m.content is string %}{{ m.content }}{% elif m.content is iterable %}{% for p in m.content %}{% if p.type == 'text' %}{{ p['text'] }}{% else %}<image>{% endif %}{% endfor %}{% endif %}{% if m.tool_calls is defined and m.tool_calls %}{% for call in m.tool_calls %}{% if call.function is defined %}{% set call = call.function %}{% endif %}{{ '\\n{\"name\": \"' ~ call.name ~ '\", \"arguments\": ' }}{{ call.arguments | tojson }}{{ '}' }}{% endfor %}{% endif %}{{ m.content }}{% endfor %}{{ tools is none }}",
}

# The conversations of which labels are recorded, and the templates; none renders a beginning of a
# conversation otherwise than the whole.
LABELLED = {
    "chatml": "{% for m in messages %}{{ '<|im_start|>' + m['role'] + '\\n' + m['content'] + '<|im_end|>' + '\\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}",
    "headers": "{% for m in messages %}{% if loop.first %}{{ bos_token }}{% endif %}{{ '[' + m.role + ']\\n\\n' + m.content | trim + eos_token }}{% endfor %}{% if add_generation_prompt %}{{ '[assistant]\\n\\n' }}{% endif %}",
    "inst": "{% for m in messages %}{% if m.role == 'assistant' %}{{ ' ' + m.content | trim + eos_token }}{% else %}{{ '[INST] ' + m.content | trim + ' [/INST]' }}{% endif %}{% endfor %}",
}


def render(tokenizer, template, messages, generation):
    return tokenizer.apply_chat_template(
        messages, chat_template=template, tokenize=False, add_generation_prompt=generation
    )


def neox(tokenizer, template, messages, only_last, role="assistant"):
    """GPT-NeoX's rule: what a longer beginning has more ids than a shorter one."""
    tokens, labels = [], []
    for i, message in enumerate(messages):
        last = i == len(messages) - 1
        generation = not last and messages[i + 1]["role"] == role
        text = render(tokenizer, template, messages[: i + 1], generation)
        new = tokenizer(text, add_special_tokens=False)["input_ids"][len(tokens) :]
        tokens += new
        trains = message["role"] == role and (last or not only_last)
        labels += new if trains else [-100] * len(new)
    labels.append(tokenizer.eos_token_id if labels[-1] != -100 else -100)
    return tokens + [tokenizer.eos_token_id], labels


def main():
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_file=sys.argv[1], bos_token="<s>", eos_token="<|endoftext|>"
    )
    conversations = {"talk": TALK, "pair": PAIR, "tools": TOOLS}
    rendered = []
    for cases, names in ((CASES, ("talk", "pair")), (TOOL_CASES, ("tools",))):
        for title, template in cases.items():
            for name in names:
                for generation in (False, True):
                    row = {"title": title, "template": template, "conversation": name,
                           "prompt": generation}
                    try:
                        row["text"] = render(
                            tokenizer, template, conversations[name], generation)
                    except (jinja2.TemplateError, TypeError) as error:
                        row["error"] = str(error)
                    rendered.append(row)
    plain = PreTrainedTokenizerFast(
        tokenizer_file=sys.argv[1], bos_token="<|endoftext|>", eos_token="<|endoftext|>"
    )
    labelled = []
    for title, template in LABELLED.items():
        for name, messages in (("talk", TALK), ("pair", PAIR), ("open", TALK[:4])):
            for only_last in (False, True):
                tokens, labels = neox(plain, template, messages, only_last)
                # Where an id lies across a boundary the rule loses text: nothing to follow there.
                if plain.decode(tokens[:-1]) != render(plain, template, messages, False):
                    continue
                labelled.append({"title": title, "template": template, "conversation": name,
                                 "onlyLast": only_last, "tokens": tokens, "labels": labels})
    conversations["open"] = TALK[:4]
    json.dump(
        {"transformers": transformers.__version__, "jinja2": jinja2.__version__,
         "conversations": conversations, "rendered": rendered, "labelled": labelled},
        sys.stdout, ensure_ascii=False, separators=(",", ":"))
    print()


main()
