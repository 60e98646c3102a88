#!/usr/bin/env python3
"""Writes the third corpus, 1,500 seeded documents that are hard to tokenise, as JSON lines.

Usage: third_corpus.py OUTPUT.jsonl

The documents are those of Tests/TestSupport/ThirdCorpus.swift: same generator, same order of draws.
All characters were assigned by Unicode 13, so that every library agrees on them. Every other line is
pure ASCII with escapes.

third_corpus.sha256 holds what GPT-NeoX's preprocess_data.py (commit ea7aefd8; transformers 4.38.0,
tokenizers 0.15.2, lm_dataformat 0.0.20, numpy 1.26.4) makes of the file, with --append-eod:

    preprocess_data.py --input third.jsonl --append-eod --output-prefix gpt2_third \\
      --tokenizer-type GPT2BPETokenizer --vocab-file gpt2-vocab.json --merge-file gpt2-merges.txt
    preprocess_data.py --input third.jsonl --append-eod --output-prefix 20B_third \\
      --tokenizer-type HFTokenizer --vocab-file 20B_tokenizer.json
"""
import json
import sys

MASK = (1 << 64) - 1

WORDS = [
    "the", " the", " of", "and ", "self", "return ", "def ", "import ", " == ", "->", "{}", "();",
    "http://", "www.", ".com/", "\\n", "<div>", "&amp;", "-----", "=====", "/*", "*/", "#include",
    "I", " I", "don", "ll", "Qu'est", "über", "naïve", "façade", "Ångström", "ﬁ", "½", "²", "№", "™",
    " data", " tokens", "neox", "GPT", " 2.0", "3.14159", "1,000", "0x7fff", "e-5",
]
RANGES = [
    (0x21, 0x7E), (0xA1, 0x17F), (0x391, 0x3A1), (0x3B1, 0x3C9), (0x410, 0x44F), (0x5D0, 0x5EA),
    (0x621, 0x64A), (0x905, 0x939), (0xE01, 0xE30), (0xAC00, 0xD7A3), (0x1100, 0x1112),
    (0x1161, 0x1175), (0x3041, 0x3096), (0x4E00, 0x9FA5), (0x1F300, 0x1F5FF), (0x1D400, 0x1D454),
    (0x300, 0x345), (0x2010, 0x2027), (0x660, 0x669), (0x2160, 0x2183), (0xF900, 0xFA0D),
]
BASES = "aeiouyAEOUncsgz"
SPACES = [" ", " ", " ", "\t", "\n", "\n", "\r\n", "\r", "\u00a0", "\u3000", "\u2003", "\u2028", "\x0b"]
CONTRACTIONS = ["'s", "'t", "'re", "'ve", "'m", "'ll", "'d", "'S", "'LL", "''", "'", "\u2019s", "'ß"]
SPECIALS = [
    "<|endoftext|>", " <|endoftext|> ", "<|padding|>", "<|endoftext", "|>", "<|info|>", "[PAD]",
    "<|endoftext|><|endoftext|>",
]
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"


class Generator:
    """SplitMix64."""

    def __init__(self, seed):
        self.state = seed

    def next(self):
        self.state = (self.state + 0x9E3779B97F4A7C15) & MASK
        z = self.state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        return z ^ (z >> 31)

    def below(self, bound):
        return self.next() % bound

    def one_of(self, items):
        return items[self.below(len(items))]

    def character(self):
        first, last = self.one_of(RANGES)
        return chr(first + self.below(last - first + 1))


def piece(draw):
    kind = draw.below(16)
    if kind < 6:
        return draw.one_of(WORDS)
    if kind == 6:
        first, last = draw.one_of(RANGES)
        count = 1 + draw.below(8)
        return "".join(chr(first + draw.below(last - first + 1)) for _ in range(count))
    if kind == 7:
        base = draw.one_of(BASES)
        count = 1 + draw.below(3)
        return base + "".join(chr(0x300 + draw.below(0x46)) for _ in range(count))
    if kind == 8:
        space = draw.one_of(SPACES)
        return space * (1 + draw.below(6))
    if kind == 9:
        count = 1 + draw.below(12)
        return "".join(chr(0x30 + draw.below(10)) for _ in range(count))
    if kind == 10:
        return draw.one_of(CONTRACTIONS)
    if kind == 11:
        return draw.one_of(SPECIALS) if draw.below(4) == 0 else " "
    if kind == 12:
        character = draw.character()
        return character * (1 + (draw.below(300) if draw.below(8) == 0 else draw.below(6)))
    if kind == 13:
        count = 1 + draw.below(80)
        return "".join(draw.one_of(LETTERS) for _ in range(count))
    if kind == 14:
        return draw.character()
    return "\n" + " " * draw.below(13)


def documents():
    draw = Generator(20)
    for _ in range(1500):
        count = 1 + draw.below(400)
        yield "".join(piece(draw) for _ in range(count))


def main():
    with open(sys.argv[1], "w", encoding="utf-8") as file:
        for number, text in enumerate(documents()):
            file.write(json.dumps({"text": text}, ensure_ascii=number % 2 == 0) + "\n")


main()
