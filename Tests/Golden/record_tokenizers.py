#!/usr/bin/env python3
"""Records what the reference tokenizers make of texts, in Tests/Golden/tokenizers.json.

Usage: record_tokenizers.py GPT2_VOCAB GPT2_MERGES 20B_TOKENIZER > tokenizers.json
Recorded with tokenizers 0.23.3 and tiktoken 0.14.0.
"""
import base64
import json
import sys

import tiktoken
import tokenizers
from tokenizers import AddedToken, Tokenizer, models, normalizers, pre_tokenizers

MASK = (1 << 64) - 1


class Hash:
    """FNV-1a over numbers instead of bytes."""

    def __init__(self):
        self.value = 0xCBF29CE484222325

    def add(self, numbers):
        value = self.value
        for number in numbers:
            value = ((value ^ number) * 0x100000001B3) & MASK
        self.value = value

    def text(self):
        return "%016x" % self.value


def split_mix(seed):
    state = seed
    while True:
        state = (state + 0x9E3779B97F4A7C15) & MASK
        z = state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        yield z ^ (z >> 31)


def code_points(first, last):
    return [chr(c) for c in range(first, last) if not 0xD800 <= c < 0xE000]


def contexts(first):
    """One document that shows 256 code points in every neighbourhood that matters."""
    return "".join(f"a{c}b {c}1{c}'s  {c}{c}\n{c}\t {c}!" for c in code_points(first, first + 256))


def planes(encode):
    hashes = []
    for plane in range(17):
        total = Hash()
        for first in range(plane << 16, (plane + 1) << 16, 256):
            total.add(encode(contexts(first)))
        hashes.append(total.text())
    return hashes


MERGES = ["h e", "l l", "he ll", "hell o", "Ġ w", "o r", "Ġw or", "l d", "Ġ Ġ", "Ã ©", "ĠĠ Ġ",
          "1 2", "12 3", "n e", "e s"]


def visible_bytes():
    shown = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    table, n = {}, 0
    for b in range(256):
        if b in shown:
            table[b] = chr(b)
        else:
            table[b], n = chr(256 + n), n + 1
    return table


BYTES = visible_bytes()
VOCABULARY = [BYTES[b] for b in range(256)] + [m.replace(" ", "") for m in MERGES]
MODEL = {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None,
         "end_of_word_suffix": None, "fuse_unk": False,
         "vocab": {t: i for i, t in enumerate(VOCABULARY)}, "merges": MERGES}
BYTE_LEVEL = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True}
PREFIXED = {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True}
LLAMA3 = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"
          r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")
QWEN2 = LLAMA3.replace(r"\p{N}{1,3}", r"\p{N}")
O200K = "|".join([
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+"
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*"
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
    r"\p{N}{1,3}", r" ?[^\s\p{L}\p{N}]+[\r\n/]*", r"\s*[\r\n]+", r"\s+(?!\S)", r"\s+"])


def splitting(expression):
    return {"type": "Sequence", "pretokenizers": [
        {"type": "Split", "pattern": {"Regex": expression}, "behavior": "Isolated",
         "invert": False},
        {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True,
         "use_regex": False}]}


def added(*tokens):
    result, following = [], len(VOCABULARY)
    for content, flags in tokens:
        if content in VOCABULARY:
            number = VOCABULARY.index(content)
        else:
            number, following = following, following + 1
        result.append({"id": number, "content": content, "single_word": "w" in flags,
                       "lstrip": "l" in flags, "rstrip": "r" in flags, "normalized": "n" in flags,
                       "special": "s" in flags})
    return result


def variant(name, **parts):
    text = {"version": "1.0", "truncation": None, "padding": None, "added_tokens": [],
            "normalizer": None, "pre_tokenizer": BYTE_LEVEL, "post_processor": None,
            "decoder": BYTE_LEVEL, **parts}
    return name, text


def template(first, last):
    special = {t: {"id": t, "ids": [i], "tokens": [t]} for t, i in first + last}
    return {"type": "TemplateProcessing",
            "single": [{"SpecialToken": {"id": t, "type_id": 0}} for t, _ in first]
            + [{"Sequence": {"id": "A", "type_id": 0}}]
            + [{"SpecialToken": {"id": t, "type_id": 0}} for t, _ in last],
            "pair": [{"Sequence": {"id": "A", "type_id": 0}},
                     {"Sequence": {"id": "B", "type_id": 1}}],
            "special_tokens": special}


END = ("<|endoftext|>", "s")
SPACES = [(" " * n, "n") for n in (24, 8, 4, 3, 2)]
VARIANTS = [
    variant("plain", added_tokens=added(END)),
    variant("neox", added_tokens=added(END, ("<|padding|>", "s"), *SPACES),
            normalizer={"type": "NFC"}),
    variant("prefix space", added_tokens=added(END, ("  ", "n"), ("wor", "")),
            pre_tokenizer=PREFIXED),
    variant("strips", added_tokens=added(("<l>", "sl"), ("<r>", "sr"), ("<lr>", "lrn"),
                                         ("<n>", "sn"), ("hello", "nl"))),
    variant("single words", added_tokens=added(("the", "w"), ("é", "wn"), ("he", ""), ("<m>", "w"),
                                               ("world", "wlr")),
            normalizer={"type": "Sequence", "normalizers": [{"type": "NFC"}]}),
    variant("overlaps", added_tokens=added(("ab", ""), ("abc", ""), ("bcd", ""), ("abcdx", ""),
                                           ("cd", "n"), ("d", "n"), ("c", "n"), ("\u00e9", "n"),
                                           ("e\u0301e", "n"), ("\U0001F600", ""), ("1", "n"),
                                           ("22", "n"), ("333", "n"), ("4", "n")),
            normalizer={"type": "NFC"}),
    variant("nfkc", normalizer={"type": "NFKC"}, added_tokens=added(("\ufb01", "n"), ("x", "n"))),
    variant("nfd", normalizer={"type": "NFD"}, added_tokens=added(("\u00e9", "n"))),
    variant("template", added_tokens=added(END, ("<s>", "s"), ("</s>", "s")),
            post_processor={"type": "Sequence", "processors": [
                BYTE_LEVEL, template([("<s>", len(VOCABULARY) + 1)],
                                     [("</s>", len(VOCABULARY) + 2), END[:1] + (
                                         len(VOCABULARY),)])]}),
    variant("llama3", pre_tokenizer=splitting(LLAMA3), added_tokens=added(END)),
    variant("qwen2", pre_tokenizer=splitting(QWEN2), normalizer={"type": "NFC"}),
    variant("o200k", pre_tokenizer=splitting(O200K)),
]
PIECES = [
    "hello", " world", "wor", "the", "he", "é", "e\u0301", "e\u0301e", "\u0323", "\u0301", "a",
    "ab", "abc", "abcd", "abcdx", "bcd", "c", "d", " ", "  ", "   ", "        ", " " * 25, "\n",
    "\r\n", "\t", "\u3000", "\u00a0", "<|endoftext|>", "<|padding|>", "<|endoftext", "<l>", "<r>",
    "<lr>", "<n>", "<m>", "<s>", "</s>", "<", "x", "1", "22", "333", "4", "12345", "'s", "'LL",
    "'re", "!", "...", "/", "A", "Ab", "ABc", "\ufb01", "\uac00", "\u1100", "\u1161", "\u11a8",
    "\u0344", "\u212b", "\u0958", "\u09c7", "\u09be", "\U0001F600", "\U0001F468\u200d", "日本",
    "_", "-", "ſ", "\u3099", "か", "\u2126", "\ufa0e", "\U00011938", "\u07fd", "n", "es"]


def texts(seed, count, longest):
    numbers = split_mix(seed)
    for _ in range(count):
        size = next(numbers) % longest + 1
        yield "".join(PIECES[next(numbers) % len(PIECES)] for _ in range(size))


EXAMPLES = ["", " ", "hello world", "hello  world", "hello<|endoftext|> world", "  hello   ",
            "the he the. thehe é the", "a <l> b <r> c <lr> d<lr>", "abcdx abcd abbcd", "e\u0301e\u0301",
            "1223334", "\ufb01x", "it's 12345 IT'S\r\n\r\n  x"]


def tokenizer(variant):
    return Tokenizer.from_str(json.dumps({**variant, "model": MODEL}))


def main():
    vocab, merges, neox = sys.argv[1:]
    result = {"tokenizers": tokenizers.__version__, "tiktoken": tiktoken.__version__}
    result["model"] = json.dumps(MODEL)
    result["pieces"] = PIECES
    result["variants"] = []
    for name, text in VARIANTS:
        t = tokenizer(text)
        random = Hash()
        for seed in (1, 2):
            for string in texts(seed, 3000, 12 if seed == 1 else 60):
                random.add(t.encode(string).ids)
                random.add([1 << 32])
        blocks = Hash()
        for first in [*range(0, 0x3200, 256), *range(0xA600, 0xAE00, 256),
                      *range(0xF900, 0x11E00, 256), *range(0x1D000, 0x1F800, 256),
                      *range(0x2F800, 0x2FB00, 256)]:
            blocks.add(t.encode(contexts(first)).ids)
        result["variants"].append({
            "name": name, "size": t.get_vocab_size(), "file": json.dumps(text),
            "examples": [[e, t.encode(e).ids] for e in EXAMPLES],
            "random": random.text(), "blocks": blocks.text()})

    result["normalization"] = []
    for form in ("NFC", "NFD", "NFKC", "NFKD"):
        normalize = getattr(normalizers, form)().normalize_str
        singles, random = Hash(), Hash()
        for c in code_points(0x80, 0x110000):
            singles.add(normalize(f"{c}a{c}\u0301\u0323{c}\u0338{c}").encode())
        numbers = split_mix(7)
        pool = code_points(0x80, 0x1F000)
        for _ in range(20000):
            size = next(numbers) % 20 + 1
            random.add(normalize("".join(
                pool[next(numbers) % len(pool)] for _ in range(size))).encode())
        result["normalization"].append(
            {"form": form, "singles": singles.text(), "random": random.text()})

    gpt2 = Tokenizer(models.BPE.from_file(vocab, merges))
    gpt2.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    gpt2.add_special_tokens(["<|endoftext|>"])
    result["gpt2"] = {"planes": planes(lambda s: gpt2.encode(s).ids)}
    big = Tokenizer.from_file(neox)
    result["neox20B"] = {"planes": planes(lambda s: big.encode(s).ids)}
    for name, t in (("gpt2", gpt2), ("neox20B", big)):
        random = Hash()
        for string in texts(3, 20000, 30):
            random.add(t.encode(string).ids)
        result[name]["random"] = random.text()

    ranks = {bytes([b]): b for b in range(256)}
    for merge in ["he", "ll", "hell", "hello", " w", "or", " wor", "ld", "aa", "aaa", "xyz", "ab"]:
        ranks[merge.encode()] = len(ranks)
    result["tiktoken"] = {"file": "".join(
        f"{base64.b64encode(k).decode()} {v}\n" for k, v in ranks.items()), "encodings": []}
    import tiktoken_ext.openai_public as public
    for name in ("r50k_base", "cl100k_base", "o200k_base"):
        public.load_tiktoken_bpe = lambda *_, **__: ranks
        try:
            pattern = getattr(public, name)()["pat_str"]
        except AssertionError:
            continue
        encoding = tiktoken.Encoding(name, pat_str=pattern, mergeable_ranks=ranks,
                                     special_tokens={})
        random = Hash()
        for seed in (1, 2):
            for string in texts(seed, 3000, 12 if seed == 1 else 60):
                random.add(encoding.encode_ordinary(string))
        result["tiktoken"]["encodings"].append(
            {"name": name, "random": random.text(),
             "examples": [[e, encoding.encode_ordinary(e)] for e in
                          EXAMPLES + ["aaaaa xyz xyzz aab", "x\n ", "x \n  "]]})
    json.dump(result, sys.stdout, ensure_ascii=True, separators=(",", ": "))


main()
