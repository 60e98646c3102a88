"""PyTorch on a CPU with GPT-NeoX of transformers: trains, evaluates, precomputes, writes; prints seconds and results.

The argument is a JSON object whose `work` names one of the functions here and whose other members are its
arguments. Training is eager, with SDPA, the fused AdamW and, for bf16, autocast over weights in fp32.
"""
import itertools
import json
import sys
import time

import numpy
import torch
import transformers
from torch.nn.functional import cross_entropy

transformers.utils.logging.set_verbosity_error()
transformers.utils.logging.disable_progress_bar()


def load(weights):
    return transformers.GPTNeoXForCausalLM.from_pretrained(weights, dtype=torch.float32, attn_implementation="sdpa", use_cache=False)


def train(precision, weights=None, shape=None, batch=1, steps=1, batches=None):
    """From given weights on given tokens, or from random ones on random tokens."""
    if weights:
        model = load(weights)
        rows = [torch.tensor(step) for step in json.load(open(batches))]
    else:
        layers, hidden, heads, length, vocabulary = shape
        model = transformers.GPTNeoXForCausalLM(transformers.GPTNeoXConfig(
            vocab_size=vocabulary, hidden_size=hidden, num_hidden_layers=layers, num_attention_heads=heads,
            intermediate_size=4 * hidden, max_position_embeddings=length, rotary_pct=0.25, use_parallel_residual=True,
            attn_implementation="sdpa", use_cache=False))
        rows = [torch.randint(0, vocabulary, (batch, length + 1)) for _ in range(steps)]
    model.train()
    # As in GPT-NeoX, biases and norms do not decay.
    parameters = list(model.parameters())
    groups = [
        {"params": [parameter for parameter in parameters if parameter.dim() > 1], "weight_decay": 0.1},
        {"params": [parameter for parameter in parameters if parameter.dim() < 2], "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=6e-4, betas=(0.9, 0.95), eps=1e-8, fused=True)
    seconds, losses = [], []
    for tokens in rows:
        start = time.perf_counter()
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=precision == "bf16"):
            logits = model(input_ids=tokens[:, :-1]).logits
            loss = cross_entropy(logits.float().flatten(0, 1), tokens[:, 1:].flatten())
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        losses.append(loss.item())
        seconds.append(time.perf_counter() - start)
    return {"seconds": seconds, "losses": losses}


@torch.inference_mode()
def evaluate(weights, path, length, batch):
    model = load(weights).eval()
    ids = torch.from_numpy(numpy.fromfile(path, "<u2").astype(numpy.int64))
    windows = (len(ids) - 1) // length
    inputs, labels = (ids[shift:][:windows * length].view(windows, length) for shift in (0, 1))
    start, total = time.perf_counter(), 0.0
    for first in range(0, windows, batch):
        logits = model(input_ids=inputs[first:first + batch]).logits
        total += cross_entropy(logits.flatten(0, 1), labels[first:first + batch].flatten(), reduction="sum").item()
    tokens = windows * length
    return {"seconds": time.perf_counter() - start, "loss": total / tokens, "tokens": tokens}


@torch.inference_mode()
def precompute(weights, path, lengths, batch):
    """Documents in their order, each batch padded to the longest of it. As in GPT-NeoX's samples of one document, the last
    token is asked for the first one of the next document, or for 0 where there is none."""
    model = load(weights).eval()
    ids = torch.from_numpy(numpy.append(numpy.fromfile(path, "<u2"), 0).astype(numpy.int64))
    documents = [ids[end - length:end + 1] for end, length in zip(itertools.accumulate(lengths), lengths)]
    start, total = time.perf_counter(), 0.0
    for first in range(0, len(documents), batch):
        rows = documents[first:first + batch]
        pad = torch.nn.utils.rnn.pad_sequence
        tokens, mask = pad(rows, batch_first=True), pad([torch.ones_like(row[1:]) for row in rows], batch_first=True)
        logits = model(input_ids=tokens[:, :-1], attention_mask=mask).logits
        values = logits.log_softmax(-1).gather(-1, tokens[:, 1:, None])[..., 0]
        total += (values * mask).sum(dtype=torch.float64).item()
    return {"seconds": time.perf_counter() - start, "sum": total}


@torch.inference_mode()
def generate(weights, prompt, count, vocabulary, merges):
    from tokenizers import ByteLevelBPETokenizer

    tokenizer, model = ByteLevelBPETokenizer(vocabulary, merges), load(weights).eval()
    ids = torch.tensor([tokenizer.encode(prompt).ids])
    start = time.perf_counter()
    rows = model.generate(
        ids, attention_mask=torch.ones_like(ids), do_sample=False, use_cache=True, max_new_tokens=count, min_new_tokens=count,
        pad_token_id=0)
    seconds = time.perf_counter() - start
    return {"seconds": seconds, "text": tokenizer.decode(rows[0, ids.shape[1]:].tolist())}


@torch.inference_mode()
def multiply(precision):
    """The fastest of a few products of square matrices of 1,024 and of 2,048 rows."""
    best = 0
    for size in 1024, 2048:
        factor = torch.rand(size, size, dtype=torch.bfloat16 if precision == "bf16" else torch.float32)
        for _ in range(8):
            start = time.perf_counter()
            torch.mm(factor, factor)
            best = max(best, 2 * size**3 / (time.perf_counter() - start))
    return {"operations_per_second": best}


WORK = {"train": train, "evaluate": evaluate, "precompute": precompute, "generate": generate, "multiply": multiply}


def main(work, threads, **arguments):
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    print(json.dumps(WORK[work](**arguments)))


main(**json.loads(sys.argv[1]))
