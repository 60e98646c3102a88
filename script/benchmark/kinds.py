"""Kinds of text: each against as much prose, one thread, in memory, with empty caches."""
import base64
import itertools
import json
import random
import re
import statistics

from .rounds import Mismatch, Rounds

MOST = 8_000_000
# A text of few bytes is encoded in a few milliseconds, which differ much: by so many processes as make this many bytes.
LEAST = 4_000_000
# Characters of a text that make it of a kind, and the share of them that does.
SCRIPTS = {
    "Chinese and Japanese": (re.compile("[\u3040-\u30ff\u3400-\u9fff]"), 0.3),
    "Korean": (re.compile("[\uac00-\ud7a3]"), 0.3),
    "Cyrillic": (re.compile("[\u0400-\u04ff]"), 0.4),
}


def measure(setting):
    rounds = Rounds("Kinds of text, Tokenize, 1 thread in memory, empty caches")
    prose = setting.plain(setting.main_text()).read_bytes()
    for name, text in kinds(setting):
        data = text.encode()[:MOST]
        files = [setting.work / f"kind-{len(rounds.series)}-{what}" for what in ("text", "prose")]
        for file, content in zip(files, (data, prose[:len(data)])):
            file.write_bytes(content)
        series = add(setting, rounds, f"{name}, {len(data) / 1e6:.1f} MB", files[0])
        series.compare(add(setting, rounds, f"as much prose as {name}", files[1]), 0.33)
    rounds.notes.append(f"Of a text of less than {LEAST / 1e6:.0f} MB each figure of ours is the median of several processes.")
    rounds.run(setting.runs)
    yield rounds


def add(setting, rounds, name, path):
    """The first pass, which is timed, and the second must have the same ids; neox-bench compares them."""
    vocabulary, merges = setting.vocabulary()
    first = []

    def encode():
        _, _, text = setting.program(
            "neox-bench", "encode", path, "--bytes", "--vocab-file", vocabulary, "--merge-file", merges, "--threads", 1,
            "--rounds", 1, "--json")
        result = json.loads(text)
        first[:] = first or [result["checksum"]]
        if result["checksum"] != first[0]:
            raise Mismatch(f"{name}: two runs gave different ids")
        return result["bytes"] * 1e3 / result["cold_nanoseconds"][0]

    def take():
        return statistics.median(encode() for _ in range(-(-LEAST // path.stat().st_size)))

    series = rounds.add(name, "MB/s", take)
    if setting.has("gigatoken", "awkward", "numpy", "tokenizers") and not name.startswith("as much"):
        series.compare(add_peer(setting, rounds, f"gigatoken, {name.rsplit(',', 1)[0]}", path, first))
    return series


def add_peer(setting, rounds, name, path, first):
    vocabulary, merges = setting.vocabulary()

    def take():
        result, _ = setting.peer(
            "encode", threads=1, peer="gigatoken", path=path, form="text", vocabulary=vocabulary, merges=merges, passes=1)
        if result["checksum"] != first[0]:
            raise Mismatch(f"{name}: not our ids")
        return result["bytes"] / result["seconds"][0] / 1e6

    return rounds.add(name, "MB/s", take)


def kinds(setting):
    """Names and texts: of scripts what there is in ../shared/corpus, the rest made from this repository and by chance."""
    if multi := setting.corpus("multi"):
        texts = [json.loads(line)["text"] for line in open(multi, encoding="utf-8")]
        for name, (character, share) in SCRIPTS.items():
            if text := "\n".join(text for text in texts if len(character.findall(text)) > share * len(text)):
                yield name, text
    else:
        setting.note("there is no ../shared/corpus/multi.jsonl.zst: other scripts are not measured")
    code = setting.files("Sources/*.swift", "Sources/*.c", "Sources/*.h")
    yield "code", "".join(code)
    yield "minified code", minified(code)
    chance = random.Random(11)
    yield "base64", base64.b64encode(chance.randbytes(MOST * 3 // 4)).decode()
    yield "base64 in lines", base64.encodebytes(chance.randbytes(MOST * 3 // 4)).decode()


def minified(files):
    """What a minifier of JavaScript leaves of programs: no comments, no space that is not needed, short names."""
    word = re.compile(r'//[^\n]*|"(?:[^"\\\n]|\\.)*"|[A-Za-z_][A-Za-z_0-9]*|[0-9][0-9A-Za-z_.]*|\s+|.')
    kept = {"func": "function", "let": "let", "var": "var", "if": "if", "else": "else", "for": "for", "in": "in",
            "return": "return", "while": "while", "throw": "throw", "self": "this", "true": "!0", "false": "!1", "nil": "null"}
    out = []
    for text in files:
        names, short, last = {}, map("".join, itertools.chain.from_iterable(
            itertools.product("etnrisoaculdfphmgvybwxkSETCNOIRAL", repeat=length) for length in (1, 2, 3))), ""
        for piece in word.findall(text):
            if piece.isspace() or piece.startswith("//"):
                continue
            if piece[0].isalpha() or piece[0] == "_":
                if last != "." and piece in kept:
                    piece = kept[piece]
                elif last != ".":
                    if piece not in names:
                        names[piece] = next(short)
                    piece = names[piece]
                if last[-1:].isalnum() or last[-1:] == "_":
                    out.append(" ")
            out.append(piece)
            last = piece
        out.append("\n")
    return "".join(out)
