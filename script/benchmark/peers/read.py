"""Reads with GPT-NeoX's own classes what neox-bench read reads: SOURCE PREFIX PLACES.npy MAPS SAMPLES."""
import importlib.util
import json
import sys
import time
import types

import numpy

source, prefix, places, maps, samples = sys.argv[1:5] + [int(sys.argv[5])]
length = 2049

# The two files alone, without the packages that training needs.
for name, members in {"megatron.mpu": {}, "megatron": {"print_rank_0": lambda *words: None}}.items():
    sys.modules[name] = types.ModuleType(name)
    sys.modules[name].__dict__.update(members)
sys.modules["megatron"].mpu = sys.modules["megatron.mpu"]


def load(name):
    spec = importlib.util.spec_from_file_location(name, f"{source}/megatron/data/{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


text = load("indexed_dataset").MMapIndexedDataset(prefix, skip_warmup=True)
places = [(int(document), int(offset)) for document, offset in numpy.load(places)]
data = load("gpt2_dataset").GPT2Dataset(
    "train", prefix, numpy.arange(len(text)), text, samples, None, length - 1, 1234, build_index_mappings=False)
for name in "doc_idx", "sample_idx", "shuffle_idx":
    setattr(data, name, numpy.load(f"{maps}_{name}.npy", mmap_mode="r"))
factors = numpy.arange(1, length + 1, dtype=numpy.uint64)


def read(number):
    document, offset = places[number]
    return numpy.array(text.get(document, offset, length), dtype=numpy.int64)


for what, take in ("reads", read), ("samples", lambda number: data[number]["text"]):
    checksum = sum(int((take(number).astype(numpy.uint64) * factors).sum()) for number in range(samples))
    times = []
    for _ in range(3):
        start = time.process_time_ns()
        for number in range(samples):
            take(number)
        times.append(time.process_time_ns() - start)
    result = {"what": what, "mode": "mmap", "count": samples, "nanoseconds": times, "checksum": checksum % 2**64}
    print(json.dumps(result, separators=(",", ":")))
