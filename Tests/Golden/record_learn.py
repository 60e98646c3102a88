#!/usr/bin/env python3
"""Records what Hugging Face's byte-level trainer learns from seeded words and seeded texts.

Run it with Hugging Face tokenizers 0.23.3 installed; it prints the table of
Tests/TokenizeTests/Learn/RecordedVocabularies.swift. Words and texts are made as SeededWords.swift
and SeededTexts.swift make them: same generator, same order of draws.
"""
import io
import os
import sys
import tempfile

import tokenizers
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers

MASK = (1 << 64) - 1


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


ALPHABETS = ["ab", "abc", "etaoin", "αβγδ", "añé", "你好世界", "a🙂b", "0123456789", "theTHE", "x"]
SPECIALS = [[], ["<|endoftext|>"], ["<|endoftext|>", "<|padding|>"], ["ab", "the", "é"]]

FRAGMENTS = [
    "the ", "then", " they're", "don't ", "I'll", "'", "\n", "\n\n", "  ", "   \n", "\t", "\r\n", " ",
    "2024", " 10", "½", "!", "...", " (", ")", "naïve", " σοφία", "Ελλάδα ", "你好", "，", "世界。", "🙂", " 👩‍💻",
    "ไทย", " हिन्दी", "\u00a0", "\u3000", "e\u0301", "<|endoftext|>", "\x00", "_", "x_1 ", "\u2028", "עברית ",
    "ﬁnd ", " ｆｕｌｌ", "ｶﾞ", "Å", "㍿", "a\u0323\u0302", "…", "ｘ\u3099", "한\u11a8",
]


def texts_of(seed):
    """Some texts and the settings of one case."""
    draw = Generator(seed)
    texts = []
    for _ in range(1 + draw.below(5)):
        texts.append("".join(
            FRAGMENTS[min(draw.below(len(FRAGMENTS)), draw.below(len(FRAGMENTS)))]
            for _ in range(draw.below(2000))
        ))
    settings = {
        "size": 256 + draw.below(300),
        "frequency": draw.below(4),
        "lines": draw.below(2) > 0,
        "space": draw.below(2) > 0,
        "specials": SPECIALS[2],
        "all": draw.below(2) > 0,
        "longest": None,
        "form": draw.below(3),
    }
    if settings["lines"]:
        texts = [line for text in texts for line in io.StringIO(text, newline="\n")]
    return texts, settings


def words_of(seed):
    """The words, at most twelve characters each, and the settings of one case."""
    draw = Generator(seed)
    alphabet = ALPHABETS[draw.below(len(ALPHABETS))]
    longest = 1 + draw.below(12)
    words = []
    for _ in range(20 + draw.below(400)):
        word = "".join(
            alphabet[min(draw.below(len(alphabet)), draw.below(len(alphabet)))]
            for _ in range(1 + draw.below(longest))
        )
        words += [word] * (1 + draw.below(4))
    settings = {
        "size": 256 + draw.below(200),
        "frequency": draw.below(6),
        "specials": SPECIALS[draw.below(len(SPECIALS))],
        "all": draw.below(4) > 0,
        "longest": [None, None, 2, 3, 5, 9][draw.below(6)],
    }
    return words, settings


def grouped(number):
    digits = "%016X" % number
    return "0x" + "_".join(digits[i:i + 4] for i in range(0, 16, 4))


def fnv(data):
    h = 0xCBF29CE484222325
    for byte in data:
        h = ((h ^ byte) * 0x100000001B3) & MASK
    return h


def given_words():
    """Cuts at line ends only."""
    return pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split("\n", "removed"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )


def learn(texts, cut, settings):
    tokenizer = Tokenizer(models.BPE())
    form = settings.get("form", 0)
    if form > 0:
        tokenizer.normalizer = [normalizers.NFC(), normalizers.NFKC()][form - 1]
    tokenizer.pre_tokenizer = cut
    trainer = trainers.BpeTrainer(
        vocab_size=settings["size"],
        min_frequency=settings["frequency"],
        special_tokens=settings["specials"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet() if settings["all"] else [],
        max_token_length=settings["longest"],
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    with tempfile.TemporaryDirectory() as folder:
        tokenizer.model.save(folder)
        with open(os.path.join(folder, "vocab.json"), "rb") as file:
            vocabulary = file.read()
        with open(os.path.join(folder, "merges.txt"), "rb") as file:
            merges = file.read()
    return vocabulary, merges


def main():
    if tokenizers.__version__ != "0.23.3":
        sys.exit("needs tokenizers 0.23.3, found " + tokenizers.__version__)
    print("// What Hugging Face tokenizers 0.23.3 learns; made by Tests/Golden/record_learn.py.\n")
    print("/// FNV-1a of `vocab.json` followed by `merges.txt`, for the words of the seeds from 1 on.")
    print("let recordedFromWords: [UInt64] = [")
    for seed in range(1, 121):
        words, settings = words_of(seed)
        vocabulary, merges = learn(["\n".join(words)], given_words(), settings)
        print("  %s," % grouped(fnv(vocabulary + merges)))
    print("]\n\n/// The same for texts.\nlet recordedFromTexts: [UInt64] = [")
    for seed in range(1, 41):
        texts, settings = texts_of(seed)
        cut = pre_tokenizers.ByteLevel(add_prefix_space=settings["space"])
        vocabulary, merges = learn(texts, cut, settings)
        print("  %s," % grouped(fnv(vocabulary + merges)))
    print("]")


main()
