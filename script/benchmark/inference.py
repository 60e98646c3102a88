"""A trained model at work: evaluating, precomputing log-probabilities and writing text, against PyTorch."""
import array
import json
import random
import shutil

from .rounds import Mismatch, Rounds
from .training import SHAPES, Model, close

TRAINED_STEPS, WINDOWS, DOCUMENTS, WRITTEN = 16, 16, 80, 128
PROMPT = (
    "The first thing that they saw, when they had come to the top of the hill and the sun was up, was the river, and"
    " behind it the town with its towers.")


def measure(setting):
    shape = SHAPES[0]
    model = Model(setting, shape, "infer")
    model.start(TRAINED_STEPS)
    rounds = Rounds(f"A trained model: {shape.layers} × {shape.hidden}, {shape.length:,} tokens, fp32, {setting.workers} threads")
    has_torch = setting.has("torch", "transformers")
    evaluate(rounds, model, has_torch)
    precompute(rounds, model, has_torch)
    generate(rounds, model, has_torch)
    rounds.notes.append(
        "neox-train's evaluation and log-probabilities are whole processes, PyTorch's the time of its computing alone;"
        " writing is what both say that it took.")
    rounds.run(setting.runs)
    yield rounds


class Agreement:
    """What the first to compute something has found; all others must find the same."""

    def __init__(self, what, tolerance):
        self.what, self.tolerance, self.first = what, tolerance, None

    def check(self, values):
        self.first = self.first or values
        close(self.what, values, self.first, self.tolerance)


def evaluate(rounds, model, has_torch):
    setting, length = model.setting, model.shape.length
    prefix = write_dataset(setting, "eval", [next(pieces(setting, [WINDOWS * length + 1]))])
    agreement = Agreement("the loss of an evaluation", 1e-5)

    def ours():
        seconds, peak, text = setting.program(
            "neox-train", "eval", model.configuration(), "--load", model.start(), "--data", prefix, "--batch-size", 4,
            "--threads", setting.workers, "--json", "--progress", "off")
        result = json.loads(text[text.index("{"):])
        agreement.check([result["lm_loss"]])
        return result["tokens"] / seconds, peak

    def theirs():
        result, peak = setting.peer("model", work="evaluate", weights=model.start(), path=f"{prefix}.bin", length=length, batch=4)
        agreement.check([result["loss"]])
        return result["tokens"] / result["seconds"], peak

    series = rounds.add("neox-train eval", "tokens/s", ours)
    if has_torch:
        series.compare(rounds.add("PyTorch, forward and loss", "tokens/s", theirs))


def precompute(rounds, model, has_torch):
    """Documents of 32 to 1,023 tokens in no order, with labels, so that padding has no values."""
    setting, length = model.setting, model.shape.length
    chance = random.Random(7)
    lengths = [int(32 * (length / 33) ** chance.random()) for _ in range(DOCUMENTS)]
    prefix = write_dataset(setting, "documents", pieces(setting, lengths))
    labels = setting.work / "labels"
    for suffix in ".bin", ".idx":
        shutil.copyfile(f"{prefix}{suffix}", f"{labels}{suffix}")
    paths = {
        f"{split}_{kind}": [str(path)]
        for split in ("train", "valid", "test") for kind, path in (("data_paths", prefix), ("label_data_paths", labels))}
    agreement = Agreement("the sum of log-probabilities", 1e-5)

    def ours():
        configuration = model.configuration(
            data_path=None, split=None, **paths, precompute_model_name="reference", pack_impl="unpacked", eval_iters=0)
        seconds, peak, _ = setting.program(
            "neox-train", "precompute", configuration, "--load", model.start(), "--threads", setting.workers, "--overwrite",
            "--progress", "off")
        values = array.array("f", open(f"{prefix}_reference.bin", "rb").read())
        agreement.check([sum(values) / sum(lengths)])
        return sum(lengths) / seconds, peak

    def theirs():
        result, peak = setting.peer(
            "model", work="precompute", weights=model.start(), path=f"{prefix}.bin", lengths=lengths, batch=4)
        agreement.check([result["sum"] / sum(lengths)])
        return sum(lengths) / result["seconds"], peak

    series = rounds.add("neox-train precompute, documents of many lengths", "tokens/s", ours)
    if has_torch:
        series.compare(rounds.add("PyTorch, 4 documents at a time, padded", "tokens/s", theirs))


def generate(rounds, model, has_torch):
    setting = model.setting
    vocabulary, merges = setting.vocabulary()
    first = []

    def agree(name, text):
        first[:] = first or [text]
        if text != first[0]:
            raise Mismatch(f"{name} writes {text!r}, not {first[0]!r}")

    def ours():
        output = setting.work / "texts.jsonl"
        setting.program(
            "neox-train", "generate", model.configuration(maximum_tokens=WRITTEN), "--load", model.start(), "--prompt", PROMPT,
            "--threads", setting.workers, "--output", output, "--overwrite")
        result = json.loads(output.read_text())
        agree("neox-train generate", result["text"])
        return result["length"] / result["duration_seconds"]

    def theirs():
        result, _ = setting.peer(
            "model", work="generate", weights=model.start(), prompt=PROMPT, count=WRITTEN, vocabulary=vocabulary, merges=merges)
        agree("transformers", result["text"])
        return WRITTEN / result["seconds"]

    series = rounds.add(f"neox-train generate, {WRITTEN} tokens, one text", "tokens/s", ours)
    if has_torch:
        series.compare(rounds.add("transformers' generate with its cache", "tokens/s", theirs))


def pieces(setting, lengths):
    """Runs of ids from the beginning of the main text."""
    with open(f"{setting.dataset()}.bin", "rb") as file:
        for length in lengths:
            ids = array.array("H", file.read(2 * length))
            if len(ids) < length:
                raise Mismatch("the text is too short to evaluate a model on")
            yield ids


def write_dataset(setting, name, documents):
    """A dataset of documents of two-byte ids."""
    prefix, documents = setting.work / name, list(documents)
    with open(f"{prefix}.bin", "wb") as file:
        for ids in documents:
            ids.tofile(file)
    sizes = array.array("i", [len(ids) for ids in documents])
    offsets, place = array.array("q"), 0
    for size in sizes:
        offsets.append(place)
        place += 2 * size
    header = b"MMIDIDX\0\0" + (1).to_bytes(8, "little") + b"\x08"
    counts = len(sizes).to_bytes(8, "little") + (len(sizes) + 1).to_bytes(8, "little")
    starts = array.array("q", range(len(sizes) + 1))
    with open(f"{prefix}.idx", "wb") as file:
        file.write(header + counts + sizes.tobytes() + offsets.tobytes() + starts.tobytes())
    return prefix
