"""Training, evaluating, precomputing and writing text, against PyTorch with the model of transformers."""
import json
import re
import statistics
from dataclasses import dataclass

from .rounds import Mismatch, Rounds
from .setting import TooSlow

STEPS = 6


@dataclass(frozen=True)
class Shape:
    layers: int
    hidden: int
    batch: int
    length: int = 1024
    vocabulary: int = 50304

    @property
    def heads(self):
        return self.hidden // 64

    @property
    def name(self):
        return f"{self.layers} × {self.hidden} × {self.length:,} tokens × {self.batch}"

    def operations(self):
        """What a step needs for each token: two operations for each weight of a matrix, forward, and twice that backward;
        attention counts the half that the causal mask leaves; looking up embeddings counts nothing."""
        weights = self.layers * 12 * self.hidden**2 + self.hidden * self.vocabulary
        return 6 * weights + 6 * self.layers * self.hidden * self.length


SHAPES = Shape(6, 512, 2), Shape(12, 768, 1)


def close(what, ours, theirs, tolerance):
    """Fails where figures that should be the same differ by more than rounding."""
    for a, b in zip(ours, theirs, strict=True):
        if not abs(a - b) <= tolerance * max(1, abs(b)):
            raise Mismatch(f"{what}: {ours} and {theirs} differ by more than {tolerance:g}")


class Model:
    """A shape with the configuration of a run on the main text."""

    def __init__(self, setting, shape, part="train"):
        self.setting, self.shape = setting, shape
        self.folder = setting.work / f"{part}-{shape.layers}-{shape.hidden}"
        self.folder.mkdir(exist_ok=True)
        self._start = None

    def configuration(self, precision="fp32", **changes):
        shape, (vocabulary, merges) = self.shape, self.setting.vocabulary()
        values = {
            "num_layers": shape.layers, "hidden_size": shape.hidden, "num_attention_heads": shape.heads,
            "seq_length": shape.length, "max_position_embeddings": shape.length, "pos_emb": "rotary", "rotary_pct": 0.25,
            "gpt_j_residual": True, "no_weight_tying": True, "make_vocab_size_divisible_by": shape.vocabulary,
            "train_micro_batch_size_per_gpu": shape.batch, "train_iters": STEPS, "lr_decay_style": "constant", "warmup": 0,
            "optimizer": {"type": "Adam", "params": {"lr": 0.0006, "betas": [0.9, 0.95]}}, "weight_decay": 0.1,
            "gradient_clipping": 1.0, "hidden_dropout": 0, "attention_dropout": 0, "log_interval": 1, "wall_clock_breakdown": True,
            "precision": "bfloat16" if precision == "bf16" else precision,
            "data_path": str(self.setting.dataset()), "split": "1,0,0", "eval_interval": 1000,
            "tokenizer_type": "GPT2BPETokenizer", "vocab_file": str(vocabulary), "merge_file": str(merges)}
        path = self.folder / "run.yml"
        path.write_text(json.dumps({name: value for name, value in (values | changes).items() if value is not None}))
        return path

    def train(self, precision, **changes):
        """One run: the median step's tokens a second without the first, the peak memory, all losses, and how many
        hundredths of a step go by in waiting for a batch, which another thread fills."""
        metrics = self.folder / "metrics.jsonl"
        metrics.unlink(missing_ok=True)
        _, peak, text = self.setting.program(
            "neox-train", self.configuration(precision, **changes), "--threads", self.setting.workers, "--metrics", metrics,
            "--progress", "off")
        steps = [json.loads(line) for line in metrics.read_text().splitlines()]
        rate = statistics.median(step["tokens_per_second"] for step in steps[1:] or steps)
        waits = [float(milliseconds) for milliseconds in re.findall(r"batch generator: ([0-9.]+)", text)]
        waiting = statistics.median(waits[1:] or waits)
        return rate, peak, [step["lm_loss"] for step in steps], waiting / 10 * rate / self.shape.batch / self.shape.length

    def start(self, steps=1):
        """A folder of transformers with the weights after a few steps."""
        if self._start is None:
            save, self._start = self.folder / "save", self.folder / "start"
            self.train("fp32", train_iters=steps, save=str(save), checkpoint_factor=steps)
            self.setting.program("neox-train", "export", save, "--to", "hf", "--output", self._start)
        return self._start

    def batches(self, count):
        """What the first steps see: rows of tokens, each with its last label."""
        configuration, found = self.configuration(), []
        for step in range(1, count + 1):
            _, _, text = self.setting.program("neox-index", "batch", "--config", configuration, "--step", step, "--json")
            line = json.loads(next(line for line in text.splitlines() if line.startswith("{")))
            found.append([row if len(row) > self.shape.length else row + [labels[-1]] for row, labels in zip(line["tokens"], line["labels"])])
        return found

    def peak(self, precision):
        """Operations a second of the engine's own products of matrices, in 10⁹."""
        _, _, text = self.setting.program(
            "neox-bench", "multiply", "--precision", precision, "--threads", self.setting.workers)
        return json.loads(text)["operations_per_second"] / 1e9


def measure(setting):
    for shape in SHAPES:
        yield measure_shape(setting, shape)


def measure_shape(setting, shape):
    rounds, model = Rounds(f"Training: {shape.name}, {setting.workers} threads"), Model(setting, shape)
    for precision in "fp32", "bf16":
        has_torch = setting.has("torch", "transformers")
        if has_torch:
            try:
                prove(model, precision)
            except TooSlow as error:
                has_torch = False
                rounds.notes.append(f"Left out: PyTorch, {precision}; {error} (--patience).")
        waits = []
        ours = add_ours(rounds, model, f"neox-train, {precision}", precision, waits)
        rounds.add(f"its waiting for data, {precision}", "% of a step", lambda waits=waits: waits[-1]).stay_below(1)
        if has_torch:
            name = f"PyTorch eager, {precision}"
            ours.compare(rounds.add(name, "tokens/s", lambda precision=precision: torch_rate(model, precision)),
                         1.5 if precision == "fp32" else 2, 0.5)
        name = f"neox-train, {precision}, checkpoint_activations"
        # A third more time is three quarters of the rate.
        add_ours(rounds, model, name, precision, checkpoint_activations=True).compare(ours, 0.75)
        add_operations(rounds, model, ours, precision, has_torch)
    rounds.notes.append(
        f"A token of a step needs {shape.operations() / 1e6:.0f} million operations: 6 for each weight of the layers and of the"
        " output, and for attention 6 × hidden × length a layer, which is half of all scores.")
    rounds.run(setting.runs)
    return rounds


def add_ours(rounds, model, name, precision, waits=None, **changes):
    """The rate of runs; what waiting for data took of a step is appended to `waits`."""
    first = []

    def take():
        rate, peak, losses, waiting = model.train(precision, **changes)
        if waits is not None:
            waits.append(waiting)
        first[:] = first or losses
        if losses != first:
            raise Mismatch(f"{name}: two runs have the losses {first} and {losses}")
        return rate, peak

    return rounds.add(name, "tokens/s", take)


def add_operations(rounds, model, ours, precision, has_torch):
    """What a run computes against the best products of matrices, ours and PyTorch's."""
    used = rounds.add(
        f"neox-train's operations, {precision}", "Gop/s", lambda: ours.rates[-1] * model.shape.operations() / 1e9)
    used.compare(rounds.add(f"the best of its products of matrices, {precision}", "Gop/s", lambda: model.peak(precision)), 0.8)
    if has_torch:
        used.compare(rounds.add(f"PyTorch's, {precision}", "Gop/s", lambda: model.setting.peer(
            "model", work="multiply", precision=precision)[0]["operations_per_second"] / 1e9), 0.8)


def torch_rate(model, precision):
    shape = model.shape
    result, peak = model.setting.peer(
        "model", work="train", shape=[shape.layers, shape.hidden, shape.heads, shape.length, shape.vocabulary],
        precision=precision, batch=shape.batch, steps=STEPS)
    return shape.batch * shape.length / statistics.median(result["seconds"][1:]), peak


def prove(model, precision):
    """Both train from the same weights on the same tokens: the losses of two steps must be the same."""
    count = 2
    _, _, ours, _ = model.train(precision, load=str(model.start()), finetune=True, train_iters=count)
    result, _ = model.setting.peer(
        "model", work="train", weights=model.start(), precision=precision, batches=write(model, model.batches(count)))
    close(f"losses of {model.shape.name}, {precision}", ours, result["losses"], 2e-4 if precision == "fp32" else 2e-2)


def write(model, value):
    path = model.folder / "batches.json"
    path.write_text(json.dumps(value))
    return path
