"""Records hashes of what models' own chat templates make of conversations, as transformers renders.

usage: record_published.py FOLDER > published_chats.json   (jinja2)

FOLDER has one folder a model, named as below, with the model's tokenizer_config.json.
"""

import hashlib
import json
import pathlib
import sys

import jinja2
from jinja2.sandbox import ImmutableSandboxedEnvironment

MODELS = {
    "chatml": "teknium/OpenHermes-2.5-Mistral-7B",
    "llama2": "meta-llama/Llama-2-13b-chat-hf",
    "llama3": "meta-llama/Meta-Llama-3-8B-Instruct",
    "mistral": "mistralai/Mixtral-8x7B-Instruct-v0.1",
    "mistral-v0.1": "mistralai/Mistral-7B-Instruct-v0.1",
    "zephyr": "HuggingFaceH4/zephyr-7b-beta",
}
CONVERSATIONS = {
    "system": [("system", "Be brief."), ("user", "Hi"), ("assistant", "Hello")],
    "two turns": [("user", "a"), ("assistant", "b"), ("user", "c"), ("assistant", "d")],
    "asked": [("system", "S"), ("user", "u1"), ("assistant", "a1"), ("user", "u2")],
    "spaces": [("system", " s \n"), ("user", "  u\n"), ("assistant", "\n a  "), ("user", "\tv ")],
    "empty": [("user", ""), ("assistant", "")],
    "empty system": [("system", ""), ("user", "u"), ("assistant", "a")],
    "blank": [("system", " "), ("user", " "), ("assistant", " ")],
    "only user": [("user", "u")],
    "only system": [("system", "s")],
    "assistant first": [("assistant", "a"), ("user", "u")],
    "two users": [("user", "u"), ("user", "v")],
    "system later": [("user", "u"), ("assistant", "a"), ("system", "s"), ("user", "v")],
    "two systems": [("system", "s"), ("system", "t"), ("user", "u")],
    "tool": [("user", "u"), ("tool", "t")],
    "tool between": [("user", "u"), ("tool", "t"), ("user", "v")],
    "tool third": [("user", "u"), ("assistant", "a"), ("tool", "t")],
    "markup": [("user", "[INST] </s> {{ x }} <|im_end|>"), ("assistant", "<<SYS>>")],
    "unicode": [("user", "\u00e9\u00a0"), ("assistant", "\u2003\U0001f600\u3000")],
}


def refuse(message):
    raise jinja2.exceptions.TemplateError(message)


def text(token):
    return token["content"] if isinstance(token, dict) else token


def rendered(template, tokens, messages, prompt):
    """The first half of the SHA-256 of the text; None where the template refuses."""
    try:
        result = template.render(messages=messages, add_generation_prompt=prompt, **tokens)
    except jinja2.exceptions.TemplateError:
        return None
    return hashlib.sha256(result.encode()).hexdigest()[:32]


def main():
    folder = pathlib.Path(sys.argv[1])
    environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True)
    environment.globals["raise_exception"] = refuse
    conversations = {
        name: [{"role": role, "content": content} for role, content in rows]
        for name, rows in CONVERSATIONS.items()
    }
    models = {}
    for name, model in MODELS.items():
        config = json.loads((folder / name / "tokenizer_config.json").read_text())
        source = config["chat_template"]
        template = environment.from_string(source)
        tokens = {key: text(config[key]) for key in ("bos_token", "eos_token")}
        models[name] = {
            "model": model,
            "template": hashlib.sha256(source.encode()).hexdigest(),
            "hashes": {
                title: [rendered(template, tokens, messages, p) for p in (False, True)]
                for title, messages in conversations.items()
            },
        }
    result = {"jinja2": jinja2.__version__, "conversations": conversations, "models": models}
    json.dump(result, sys.stdout, indent=1)
    print()


main()
