"""Runs GPT-NeoX's own tools/datasets/preprocess_data.py and prints the seconds of its work, without imports.

The argument is a JSON object: source (a clone of GPT-NeoX), path, vocabulary, merges, prefix, threads.
"""
import importlib.machinery
import importlib.util
import json
import sys
import time
import types

import transformers  # before stand-ins, which it would take for what it can use


def lines(path):
    """Stands in for lm_dataformat's reader where that is not installed."""
    with open(path, encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)["text"]


class Reader:
    def __init__(self, path):
        self.path = path

    def stream_data(self):
        return lines(self.path)


def stand_in(name, **members):
    module = types.ModuleType(name)
    module.__spec__ = importlib.machinery.ModuleSpec(name, None)
    module.__dict__.update(members)
    sys.modules[name] = module


def main(source, path, vocabulary, merges, prefix, threads):
    # The parts of GPT-NeoX that preprocessing needs, without those of training; its tokenizers for other models.
    stand_in("megatron.mpu")
    stand_in("megatron", __path__=[f"{source}/megatron"], print_rank_0=print, mpu=sys.modules["megatron.mpu"])
    for name, members in {"lm_dataformat": {"Reader": Reader}, "ftfy": {}, "sentencepiece": {}}.items():
        if importlib.util.find_spec(name) is None:
            stand_in(name, **members)
    spec = importlib.util.spec_from_file_location("preprocess_data", f"{source}/tools/datasets/preprocess_data.py")
    script = importlib.util.module_from_spec(spec)
    sys.modules["preprocess_data"] = script
    spec.loader.exec_module(script)
    start = time.perf_counter()
    script.main([
        "--input", path, "--tokenizer-type", "GPT2BPETokenizer", "--vocab-file", vocabulary, "--merge-file", merges,
        "--output-prefix", prefix, "--workers", str(threads)])
    print("\n" + json.dumps({"seconds": time.perf_counter() - start}))


main(**json.loads(sys.argv[1]))
