"""Looking after shards: checking and joining, on copies of the main text's dataset."""
import hashlib

from .rounds import Mismatch, Rounds
from .text import add_file

LEAST = 400_000_000


def measure(setting):
    rounds = Rounds("Checking and joining shards")
    part, large, merged = setting.dataset(), setting.work / "large", setting.work / "merged"
    count = 1 + LEAST // part.with_suffix(".bin").stat().st_size
    setting.program("neox-index", "merge", *[part] * count, "--output-prefix", large)
    size, sums = large.with_suffix(".bin").stat().st_size, set()

    def rate(bytes, *command):
        return bytes / setting.run(*command)[0] / 1e6

    def merge():
        result = rate(2 * size, setting.bin / "neox-index", "merge", large, large, "--output-prefix", merged, "--overwrite")
        sums.add(add_file(hashlib.sha256(), f"{merged}.bin").hexdigest())
        return result

    def copy():
        for path in setting.work.glob("copied.*"):
            path.unlink()
        copied = setting.work / "copied"
        result = rate(2 * size, "sh", "-c", f"cat '{large}.bin' '{large}.bin' >'{copied}.bin' && cp '{large}.idx' '{copied}.idx'"
                      f" && sync '{copied}.bin' '{copied}.idx'")
        sums.add(add_file(hashlib.sha256(), f"{copied}.bin").hexdigest())
        if len(sums) > 1:
            raise Mismatch("neox-index merge and cat wrote different tokens")
        return result

    rounds.add("neox-index verify --deep", "MB/s", lambda: rate(
        size, setting.bin / "neox-index", "verify", "--deep", large, "--vocab-size", 65535))
    rounds.add("neox-index merge, two inputs, synced", "MB/s", merge).compare(
        rounds.add("cat and sync of the same bytes", "MB/s", copy))
    rounds.run(setting.runs)
    for name in "large", "merged", "copied":
        for path in setting.work.glob(f"{name}.*"):
            path.unlink()
    yield rounds
