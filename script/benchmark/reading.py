"""Reading shards: places at random, and samples in the order of training, in processor time."""
import json
import statistics

from .rounds import Mismatch, Rounds
from .setting import ROOT

SAMPLES, PASSES = 20_000, 3
WORK = {"reads": "2,049 tokens at random places", "samples": "samples of 2,049 tokens in the order of training"}


def measure(setting):
    rounds, prefix, places = Rounds("Reading shards"), setting.dataset(), setting.work / "places.npy"
    setting.program("neox-bench", "read", prefix, "--samples", SAMPLES, "--rounds", PASSES, "--list", places)
    lines, sums = {}, {}

    def program(mode):
        _, _, text = setting.program("neox-bench", "read", prefix, "--samples", SAMPLES, "--rounds", PASSES, "--mode", mode)
        return text

    def peer():
        maps = f"{prefix}_train_indexmap_{SAMPLES}ns_2048sl_1234s_packedpi_ac"
        _, _, text = setting.run(
            setting.python, ROOT / "script/benchmark/peers/read.py", setting.source, prefix, places, maps, SAMPLES)
        return text

    def add(who, work, take):
        def rate():
            if work == "reads":
                lines[who] = {line["what"]: line for line in map(json.loads, filter(lambda text: text[:1] == "{", take().splitlines()))}
            line = lines[who][work]
            first, value = sums.setdefault(work, (who, line["checksum"]))
            if line["checksum"] != value:
                raise Mismatch(f"{who} and {first} read different tokens")
            return SAMPLES * 1e6 / statistics.median(line["nanoseconds"])

        return rounds.add(f"{WORK[work]}, {who}", "thousand/s", rate)

    ours = {work: add("mapped", work, lambda: program("mmap")) for work in WORK}
    for work in WORK:
        add("pread", work, lambda: program("pread"))
    if setting.has_source() and setting.has("numpy", "torch"):
        for work in WORK:
            ours[work].compare(add("GPT-NeoX", work, peer))
    rounds.run(setting.runs)
    yield rounds
