"""What all parts of the benchmark share: programs, data, vocabularies and peers."""
import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


class Failed(Exception):
    """A program ended with an error."""


class TooSlow(Exception):
    """A peer took more time than it is given."""


def run(command, **options):
    """Runs a program to its end: its seconds, its peak memory in MB, and what it printed; no longer than `limit`
    seconds, where there is one."""
    limit = options.pop("limit", None)
    with open(options.pop("output"), "w+b") as output, open(os.devnull) as nothing:
        start = time.perf_counter()
        process = subprocess.Popen([str(word) for word in command], stdin=nothing, stdout=output, stderr=subprocess.STDOUT, **options)
        watch = threading.Timer(limit, process.kill) if limit else None
        if watch:
            watch.start()
        _, status, usage = os.wait4(process.pid, 0)
        if watch:
            watch.cancel()
        seconds = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        text = output.read().decode(errors="replace")
    if limit and seconds >= limit:
        raise TooSlow(f"it took more than {limit:g} seconds")
    if process.returncode != 0:
        raise Failed(f"{' '.join(map(str, command))}\n{text}exit status {process.returncode}")
    return seconds, usage.ru_maxrss / 1000, text


class Setting:
    """One run of the benchmark."""

    def __init__(self, work, options):
        self.work, self.runs, self.workers = Path(work), options.runs, options.workers
        self.bin = ROOT / ".build/static/release"
        self.input = options.file
        self.patience = options.patience
        self.python = os.environ.get("NEOX_PEERS")
        self.source = os.environ.get("NEOX_SOURCE")
        self.neox_python = os.environ.get("NEOX_PYTHON") or self.python
        self._has = {}
        self._vocabulary = None

    def note(self, text):
        print(f"script/bench: {text}", file=sys.stderr)

    def run(self, *command, **options):
        return run(command, output=self.work / "out", **options)

    def program(self, name, *arguments, **options):
        return self.run(self.bin / name, *arguments, **options)

    # Peers

    def has(self, *modules):
        """Whether the peers' Python has some modules; says once what is left out."""
        for module in modules:
            if module not in self._has:
                self._has[module] = self._look_for(module)
        return all(self._has[module] for module in modules)

    def _look_for(self, module):
        if not self.python:
            self.note(f"NEOX_PEERS names no Python: {module} is not compared with")
            return False
        try:
            self.run(self.python, "-c", f"import {module}")
        except (Failed, OSError) as error:
            self.note(f"{self.python} has no {module}, which is not compared with: {str(error).splitlines()[-2:]}")
            return False
        return True

    def has_source(self):
        """Whether GPT-NeoX itself can be compared with."""
        if "gpt-neox" not in self._has:
            self._has["gpt-neox"] = bool(self.source) and (Path(self.source) / "megatron").is_dir()
            if not self._has["gpt-neox"]:
                self.note("NEOX_SOURCE names no clone of GPT-NeoX: its own programs are not compared with")
        return self._has["gpt-neox"]

    def has_preprocess_data(self):
        """Whether GPT-NeoX's script can run: it needs the transformers of its time."""
        if not self.has_source() or not self.neox_python:
            return False
        if "preprocess_data" not in self._has:
            code = "import torch, transformers, tqdm; exit(transformers.__version__ >= '5')"
            try:
                self.run(self.neox_python, "-c", code)
                self._has["preprocess_data"] = True
            except (Failed, OSError):
                self._has["preprocess_data"] = False
                self.note(f"{self.neox_python} has not torch, tqdm and a transformers below 5, which GPT-NeoX's script needs;"
                          " NEOX_PYTHON may name another")
        return self._has["preprocess_data"]

    def peer(self, script, threads=None, python=None, **arguments):
        """Runs one of the peers' scripts: what it prints as JSON on its last line, and its peak memory."""
        threads = str(threads or self.workers)
        environment = dict(
            os.environ, RAYON_NUM_THREADS=threads, OMP_NUM_THREADS=threads, TOKENIZERS_PARALLELISM="true",
            HF_HUB_OFFLINE="1", PYTHONDONTWRITEBYTECODE="1")
        words = json.dumps(dict(arguments, threads=int(threads)), default=str)
        _, peak, text = self.run(
            python or self.python, ROOT / "script/benchmark/peers" / f"{script}.py", words, env=environment,
            limit=self.patience)
        return json.loads(text.strip().splitlines()[-1]), peak

    # Data

    def corpora(self):
        """Names and paths of texts as JSON lines."""
        if self.input:
            yield Path(self.input).name, Path(self.input)
            return
        found = False
        for name in "books", "multi":
            if path := self.corpus(name):
                found = True
                yield name, path
        if not found:
            yield "this repository's text, 25 times", self._own_text()

    def corpus(self, name):
        """A text of ../shared/corpus, or None."""
        path, packed = self.work / f"{name}.jsonl", ROOT.parent / f"shared/corpus/{name}.jsonl.zst"
        if not path.exists():
            if not packed.exists():
                return None
            self.run("zstd", "-dqf", packed, "-o", path)
        return path

    def files(self, *patterns):
        """The repository's files, in order."""
        names = subprocess.run(["git", "ls-files", "-z", *patterns], cwd=ROOT, check=True, stdout=subprocess.PIPE).stdout
        return [(ROOT / name).read_text() for name in names.decode().split("\0") if name]

    def _own_text(self):
        path = self.work / "own.jsonl"
        if not path.exists():
            once = "".join(json.dumps({"text": text}) + "\n" for text in self.files("*.swift", "*.md"))
            path.write_text(once * 25)
        return path

    def main_text(self):
        return next(iter(self.corpora()))[1]

    def share(self, path, size=10_000_000):
        """The first documents of a text, for what is slow."""
        share = self.work / f"share-{path.stem}.jsonl"
        if not share.exists():
            with open(path, "rb") as lines, open(share, "wb") as out:
                while out.tell() < size and (line := lines.readline()):
                    out.write(line)
        return share

    def plain(self, path):
        """The documents of a text one behind the other, without JSON."""
        plain = self.work / f"{path.stem}.txt"
        if not plain.exists():
            with open(path, encoding="utf-8") as lines, open(plain, "w", encoding="utf-8", newline="") as out:
                for line in lines:
                    out.write(json.loads(line)["text"])
        return plain

    def compressed(self, path):
        """The same file as .zst, or None."""
        packed = self.work / f"{path.stem}.jsonl.zst"
        if not packed.exists():
            try:
                self.run("zstd", "-qf", path, "-o", packed)
            except OSError:
                self.note("there is no zstd: .jsonl.zst is not measured")
                return None
        return packed

    # Vocabularies

    def shared_file(self, name):
        return next((path for folder in ("data", "../shared/data") if (path := ROOT / folder / name).exists()), None)

    def vocabulary(self):
        """GPT-2's vocab.json and merges.txt; without them, some that are trained on the text."""
        if not self._vocabulary:
            files = self.shared_file("gpt2-vocab.json"), self.shared_file("gpt2-merges.txt")
            if not all(files):
                folder = self.work / "vocabulary"
                self.note("there is no GPT-2 vocabulary in data/: one of 8,192 tokens is trained")
                self.program("neox-preprocess", "train-tokenizer", "--input", self.main_text(), "--vocab-size", 8192, "--output-dir", folder)
                files = folder / "vocab.json", folder / "merges.txt"
            self._vocabulary = files
        return self._vocabulary

    def preprocess(self, path, prefix, kind="GPT2BPETokenizer", vocabulary=None, form="auto", workers=None):
        """Prepares a dataset: seconds, and the prefix of its two files."""
        words = ["--vocab-file", vocabulary] if vocabulary else [
            "--vocab-file", self.vocabulary()[0], "--merge-file", self.vocabulary()[1]]
        seconds, _, _ = self.program(
            "neox-preprocess", "--input", path, "--tokenizer-type", kind, *words, "--input-format", form, "--workers",
            workers or self.workers, "--output-prefix", self.work / prefix, "--overwrite", "--progress", "off")
        return seconds, self.work / f"{prefix}_text_document"

    def dataset(self):
        """The main text as a dataset."""
        prefix = self.work / "main_text_document"
        if not prefix.with_suffix(".idx").exists():
            self.preprocess(self.main_text(), "main")
        return prefix
