"""Text to shards: whole processes of ours against what peers do in memory."""
import hashlib
import json
import struct

from .rounds import Mismatch, Rounds
from .setting import TooSlow


def proof(prefix):
    """The hash of the lengths of all documents and of their ids, in two bytes each."""
    with open(f"{prefix}.idx", "rb") as file:
        magic, _, code, count, _ = struct.unpack("<9sQBQQ", file.read(34))
        if magic != b"MMIDIDX\0\0" or code != 8:
            raise Mismatch(f"{prefix}.idx is no index of two-byte tokens")
        digest = hashlib.sha256(file.read(4 * count))
    return add_file(digest, f"{prefix}.bin").hexdigest()


def add_file(digest, path):
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest


class Proofs:
    """What the first to encode an input has given; all others must give the same."""

    def __init__(self):
        self.first = {}

    def check(self, key, name, value):
        first, expected = self.first.setdefault(key, (name, value))
        if value != expected:
            raise Mismatch(f"{name} and {first} give different ids for {key}")


def measure(setting):
    for name, path in setting.corpora():
        yield measure_corpus(setting, name, path)


def measure_corpus(setting, name, path):
    rounds = Rounds(f"Text to shards: {name}, {path.stat().st_size / 1e6:.0f} MB of JSONL")
    work = Encoding(setting, rounds)
    threads = f"{setting.workers} threads"
    ours = work.ours("neox-preprocess", path)
    share = setting.share(path)
    # What is slow encodes a share, whose ids are compared with ours as well.
    work.expect(share)
    ours.compare(work.peer("gigatoken", f"gigatoken in memory, {threads}", path), 1.0)
    ours.compare(work.peer("tiktoken", f"tiktoken in memory, {threads}", share))
    ours.compare(work.peer("tokenizers", f"tokenizers in memory, {threads}", share))
    ours.compare(work.script(share), 100)
    plain = setting.plain(path)
    work.ours("neox-preprocess, plain text", plain, form="text").compare(
        work.peer("gigatoken", f"gigatoken, plain text in memory, {threads}", plain, form="text"), 1.0)
    if packed := setting.compressed(path):
        work.ours("neox-preprocess, .jsonl.zst", packed, same_as=path).compare(ours, 0.87)
        if setting.workers > 1:
            # With a core left for the thread that takes off compression.
            fewer = setting.workers - 1
            label = f"neox-preprocess, {fewer} {'worker' if fewer == 1 else 'workers'}"
            work.ours(f"{label}, .jsonl.zst", packed, same_as=path, workers=fewer).compare(
                work.ours(label, path, workers=fewer), 0.87)
    if file := setting.shared_file("20B_tokenizer.json"):
        other = work.ours("neox-preprocess, 20B_tokenizer.json", path, tokenizer=file)
        work.expect(share, tokenizer=file)
        other.compare(ours, 0.8)
        other.compare(work.peer("gigatoken", f"gigatoken, 20B_tokenizer.json, {threads}", path, tokenizer=file))
        other.compare(work.peer("tokenizers", f"tokenizers, 20B_tokenizer.json, {threads}", share, tokenizer=file))
    work.memory(path)
    rounds.run(setting.runs)
    return rounds


class Encoding:
    """Adds what encodes to rounds, and compares the ids of all."""

    def __init__(self, setting, rounds):
        self.setting, self.rounds, self.proofs = setting, rounds, Proofs()
        self.vocabulary, self.merges = setting.vocabulary()

    def key(self, path, tokenizer):
        return f"{path.name}, {tokenizer.name if tokenizer else 'GPT-2'}"

    def preprocess(self, path, form, tokenizer, workers=None):
        kind = "HFTokenizer" if tokenizer else "GPT2BPETokenizer"
        return self.setting.preprocess(path, "ours", kind, tokenizer, form, workers)

    def expect(self, path, form="auto", tokenizer=None):
        """Encodes a file once, so that there is something to compare with."""
        _, prefix = self.preprocess(path, form, tokenizer)
        self.proofs.check(self.key(path, tokenizer), "neox-preprocess", proof(prefix))

    def ours(self, name, path, form="auto", tokenizer=None, same_as=None, workers=None):
        """The rate is of plain bytes, for compressed ones too: `same_as` is what they are."""
        origin = same_as or path

        def take():
            seconds, prefix = self.preprocess(path, form, tokenizer, workers)
            self.proofs.check(self.key(origin, tokenizer), name, proof(prefix))
            return origin.stat().st_size / seconds / 1e6

        return self.rounds.add(name, "MB/s", take)

    def arguments(self, path, form, tokenizer):
        return dict(path=path, form=form, tokenizer=tokenizer, vocabulary=self.vocabulary, merges=self.merges)

    def peer(self, module, name, path, form="jsonl", tokenizer=None):
        if not self.setting.has(module, *["numpy", "awkward", "tokenizers"] if module == "gigatoken" else ["numpy"]):
            return None

        def take():
            result, _ = self.setting.peer("encode", peer=module, **self.arguments(path, form, tokenizer))
            self.proofs.check(self.key(path, tokenizer), name, result["proof"])
            return result["bytes"] / result["seconds"][0] / 1e6

        return self.rounds.add(name, "MB/s", take)

    def script(self, path):
        """GPT-NeoX's own script, whose ids must be ours."""
        setting = self.setting
        if not setting.has_preprocess_data():
            return None
        name, prefix = f"GPT-NeoX's preprocess_data.py, {setting.workers} workers", setting.work / "theirs"

        def take():
            result, _ = setting.peer(
                "neox_preprocess", python=setting.neox_python, source=setting.source, path=path, vocabulary=self.vocabulary,
                merges=self.merges, prefix=prefix)
            self.proofs.check(self.key(path, None), name, proof(f"{prefix}_text_document"))
            return path.stat().st_size / result["seconds"] / 1e6

        return self.rounds.add(name, "MB/s", take)

    def memory(self, path):
        """One thread, in memory, through the library: a first pass with empty caches, and a second one."""
        add, seconds = self.rounds.add, {}
        names = "first pass", "second pass"
        ours = [f"Tokenize, 1 thread in memory, {name}" for name in names]
        theirs = [f"gigatoken, 1 thread in memory, {name}" for name in names]

        def first_of_ours():
            _, _, text = self.setting.program(
                "neox-bench", "encode", path, "--vocab-file", self.vocabulary, "--merge-file", self.merges, "--threads", 1,
                "--rounds", 1, "--json")
            result = json.loads(text)
            self.proofs.check("texts in memory", ours[0], (result["tokens"], result["checksum"]))
            seconds["ours"] = result["bytes"] * 1e3 / result["warm_nanoseconds"][0]
            return result["bytes"] * 1e3 / result["cold_nanoseconds"][0]

        def first_of_theirs():
            result, _ = self.setting.peer(
                "encode", threads=1, peer="gigatoken", passes=2, **self.arguments(path, "jsonl", None))
            self.proofs.check("texts in memory", theirs[0], (result["tokens"], result["checksum"]))
            seconds["theirs"] = result["bytes"] / result["seconds"][1] / 1e6
            return result["bytes"] / result["seconds"][0] / 1e6

        def second_of_theirs():
            if "theirs" not in seconds:
                raise TooSlow("there is no first pass")
            return seconds["theirs"]

        rows = [add(ours[0], "MB/s", first_of_ours), add(ours[1], "MB/s", lambda: seconds["ours"])]
        if self.setting.has("gigatoken", "awkward", "numpy", "tokenizers"):
            rows[0].compare(add(theirs[0], "MB/s", first_of_theirs), 1.2)
            rows[1].compare(add(theirs[1], "MB/s", second_of_theirs), 1.2)
