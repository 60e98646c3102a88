"""Encodes a file with another tokenizer; prints seconds, bytes and what proves the ids.

The argument is a JSON object: peer, path, form (jsonl, or text: one document), threads, and vocabulary and
merges, or tokenizer, a tokenizer.json. Texts are in memory before the clock starts, but for gigatoken's reading
of files, which is a part of it. With `passes`, gigatoken encodes buffers in memory so often.
"""
import hashlib
import itertools
import json
import os
import sys
import tempfile
import time

import numpy

GPT2_PATTERN = r"""'(?:[sdmt]|ll|ve|re)| ?\p{L}++| ?\p{N}++| ?[^\s\p{L}\p{N}]++|\s++$|\s+(?!\S)|\s"""


def main(peer, path, form="jsonl", vocabulary=None, merges=None, tokenizer=None, threads=1, passes=0):
    if peer == "gigatoken":
        return gigatoken(path, form, tokenizer or tokenizer_file(vocabulary, merges), passes)
    texts = documents(path, form)
    size = sum(len(text.encode()) for text in texts)
    if peer == "tiktoken":
        import tiktoken
        from tiktoken.load import data_gym_to_mergeable_bpe_ranks

        ranks = data_gym_to_mergeable_bpe_ranks(merges, vocabulary)
        ranks.pop(b"<|endoftext|>", None)
        encoding = tiktoken.Encoding("gpt2", pat_str=GPT2_PATTERN, mergeable_ranks=ranks, special_tokens={})
        start = time.perf_counter()
        rows = encoding.encode_ordinary_batch(texts, num_threads=threads)
        seconds = time.perf_counter() - start
    else:
        from tokenizers import Tokenizer

        encoding = Tokenizer.from_file(tokenizer or tokenizer_file(vocabulary, merges))
        start = time.perf_counter()
        rows = [row.ids for row in encoding.encode_batch_fast(texts, add_special_tokens=False)]
        seconds = time.perf_counter() - start
    return result([seconds], size, numpy.fromiter(itertools.chain.from_iterable(rows), "<u4"), [len(row) for row in rows])


def gigatoken(path, form, tokenizer, passes):
    import awkward
    import gigatoken

    encoder = gigatoken.Tokenizer(tokenizer)
    if passes:
        texts = [text.encode() for text in documents(path, form)]
        size, take = sum(map(len, texts)), lambda: encoder.encode_batch(texts, parallel=False)
    else:
        size = len(open(path, "rb").read())
        source = gigatoken.JsonlFileSource([path]) if form == "jsonl" else gigatoken.TextFileSource([path])
        take = lambda: encoder.encode_files(source)
    seconds = []
    for _ in range(passes or 1):
        start = time.perf_counter()
        rows = take()
        seconds.append(time.perf_counter() - start)
    return result(seconds, size, awkward.to_numpy(awkward.flatten(rows)), awkward.to_numpy(awkward.num(rows)))


def documents(path, form):
    with open(path, encoding="utf-8", newline="") as file:
        return [json.loads(line)["text"] for line in file] if form == "jsonl" else [file.read()]


def tokenizer_file(vocabulary, merges):
    """GPT-2's tokenizer.json from its two files."""
    from tokenizers import ByteLevelBPETokenizer

    tokenizer = ByteLevelBPETokenizer(vocabulary, merges, add_prefix_space=False)
    tokenizer.add_special_tokens(["<|endoftext|>"])
    file = os.path.join(tempfile.gettempdir(), f"tokenizer-{os.getpid()}.json")
    tokenizer.save(file)
    return file


def result(seconds, size, ids, lengths):
    """`proof` is what Rounds of the main program take from an index and its tokens: the hash of the lengths of documents
    that are not empty, and of all ids. `checksum` is that of neox-bench: each id times its place in its document."""
    lengths = numpy.asarray(lengths, dtype="<i4")
    lengths = lengths[lengths > 0]
    proof = hashlib.sha256(lengths.tobytes() + ids.astype("<u2").tobytes()).hexdigest()
    places = numpy.arange(len(ids), dtype="<u8") - numpy.repeat(numpy.cumsum(lengths) - lengths, lengths).astype("<u8") + numpy.uint64(1)
    checksum = int((ids.astype("<u8") * places).sum())
    return {"seconds": seconds, "bytes": size, "tokens": len(ids), "proof": proof, "checksum": checksum}


arguments = json.loads(sys.argv[1])
with tempfile.TemporaryDirectory() as folder:
    tempfile.tempdir = folder
    print(json.dumps(main(**arguments)))
