#!/usr/bin/env python3
"""Trains small models with neox-train and compares what they compute with transformers.

usage: check_trained.py NEOX_TRAIN FOLDER

For each kind of model: train a few steps; `export --to hf`; transformers has to load the folder with
the tokenizer and compute the logits that `generate` used and the loss that `eval` found. Then
`eval` has to find the same loss from the exported folder, from one that transformers wrote, and from
`export --to safetensors`.
"""
import json
import os
import random
import struct
import subprocess
import sys

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import AutoModelForCausalLM, AutoTokenizer
from transformers.utils.logging import disable_progress_bar

disable_progress_bar()
PROGRAM, FOLDER = sys.argv[1], sys.argv[2]
LENGTH = 64
COMMON = {
    "num_layers": 3, "hidden_size": 48, "num_attention_heads": 4, "seq_length": LENGTH,
    "max_position_embeddings": LENGTH, "hidden_dropout": 0, "attention_dropout": 0,
    "train_micro_batch_size_per_gpu": 4, "train_iters": 12, "lr_decay_iters": 12,
    "optimizer": {"type": "Adam", "params": {"lr": 0.01}}, "gradient_clipping": 1.0,
    "split": "9,1,0", "eval_iters": 0, "checkpoint_factor": 100, "tokenizer_type": "HFTokenizer",
    "maximum_tokens": 12, "return_logits": True, "log_interval": 100,
}
ROTARY = {"pos_emb": "rotary", "norm": "layernorm"}
LLAMA = {"pos_emb": "rotary", "norm": "rmsnorm", "rms_norm_epsilon": 1e-6, "activation": "swiglu",
         "no_weight_tying": True, "use_bias_in_attn_linear": False, "use_bias_in_mlp": False}
KINDS = {
    "neox": (ROTARY | {"rotary_pct": 0.5, "gpt_j_residual": True, "no_weight_tying": True},
             "GPTNeoXForCausalLM"),
    "neox-sequential-tied": (ROTARY | {"rotary_emb_base": 50000, "bias_gelu_fusion": True},
                             "GPTNeoXForCausalLM"),
    "neox-no-biases": (ROTARY | {"use_bias_in_attn_linear": False, "use_bias_in_mlp": False,
                                 "no_weight_tying": True, "activation": "relu",
                                 "intermediate_size": 100}, "GPTNeoXForCausalLM"),
    "gpt2-tied": ({"pos_emb": "learned"}, "GPT2LMHeadModel"),
    "gpt2-untied": ({"pos_emb": "learned", "no_weight_tying": True, "activation": "silu"},
                    "GPT2LMHeadModel"),
    "llama": (LLAMA, "LlamaForCausalLM"),
    "llama-grouped": (LLAMA | {"num_kv_heads": 2, "rotary_emb_base": 500000},
                      "LlamaForCausalLM"),
    "llama-geglu-biases": (LLAMA | {"activation": "geglu", "use_bias_in_attn_linear": True,
                                    "use_bias_in_mlp": True, "mlp_multiple_of": 8},
                           "LlamaForCausalLM"),
    "mistral": (LLAMA | {"num_kv_heads": 1, "sliding_window_width": 16}, "MistralForCausalLM"),
}
failures = 0


def check(good, what):
    global failures
    if not good:
        failures += 1
        print("FAILED:", what)


def run(*words):
    done = subprocess.run([PROGRAM, *words], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"neox-train {' '.join(words)}\n{done.stderr}")
    return done.stdout


def make_text():
    words = ["the ", "old ", "house ", "stands ", "by ", "a ", "river, ", "and ", "nobody ", "knows ",
             "why.\n", "é", "日本 "]
    source = random.Random(3)
    return ["".join(source.choice(words) for _ in range(source.randrange(20, 90)))
            for _ in range(120)]


def make_data(texts):
    """A tokenizer and a shard, written by hand."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.train_from_iterator(texts, trainers.BpeTrainer(
        vocab_size=320, special_tokens=["<|endoftext|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet()))
    tokenizer.save(f"{FOLDER}/tokenizer.json")
    documents = [tokenizer.encode(text).ids + [0] for text in texts]
    ids = [token for document in documents for token in document]
    with open(f"{FOLDER}/text.bin", "wb") as file:
        file.write(struct.pack(f"<{len(ids)}H", *ids))
    with open(f"{FOLDER}/text.idx", "wb") as file:
        count = len(documents)
        file.write(b"MMIDIDX\0\0" + struct.pack("<QBQQ", 1, 8, count, count + 1))
        file.write(struct.pack(f"<{count}i", *map(len, documents)))
        start, starts = 0, []
        for document in documents:
            starts.append(start)
            start += 2 * len(document)
        file.write(struct.pack(f"<{count}q", *starts))
        file.write(struct.pack(f"<{count + 1}q", *range(count + 1)))
    return ids


def evaluate(config, load):
    return json.loads(run("eval", config, "--load", load, "--data", f"{FOLDER}/text",
                          "--json"))["lm_loss"]


def loss(model, ids):
    """The loss over windows of LENGTH that follow each other, every token predicted once."""
    total, count = 0.0, 0
    for start in range(0, len(ids) - 1, LENGTH):
        window = ids[start:start + LENGTH + 1]
        logits = model(torch.tensor([window[:-1]])).logits[0].double()
        labels = torch.tensor(window[1:])
        total += torch.nn.functional.cross_entropy(logits, labels, reduction="sum").item()
        count += len(labels)
    return total / count


def compare(kind, keys, architecture, ids):
    folder = f"{FOLDER}/trained-{kind}"
    os.mkdir(folder)
    config = f"{folder}/config.yml"
    with open(config, "w") as file:
        json.dump(COMMON | keys | {"data_path": f"{FOLDER}/text", "save": f"{folder}/run",
                                   "vocab_file": f"{FOLDER}/tokenizer.json"}, file)
    run(config, "--set", "seed=7")
    run("export", f"{folder}/run", "--to", "hf", "--output", f"{folder}/hf")
    model = AutoModelForCausalLM.from_pretrained(f"{folder}/hf", dtype=torch.float32).eval()
    tokenizer = AutoTokenizer.from_pretrained(f"{folder}/hf")
    check(type(model).__name__ == architecture, f"{kind}: class {type(model).__name__}")
    check(tokenizer.eos_token_id == 0, f"{kind}: the token that ends documents")

    found = evaluate(config, f"{folder}/run")
    wanted = loss(model, ids)
    check(abs(found - wanted) < 1e-5, f"{kind}: loss {found}, in transformers {wanted}")
    model.save_pretrained(f"{folder}/saved", max_shard_size="50KB")
    run("export", f"{folder}/run", "--to", "safetensors", "--output", f"{folder}/m.safetensors")
    # GPTNeoXForCausalLM always has biases in the MLP; a configuration without has none to load.
    exchanged = [] if kind == "neox-no-biases" else ["hf", "saved"]
    for source in exchanged + ["m.safetensors"]:
        again = evaluate(config, f"{folder}/{source}")
        check(abs(again - found) < 1e-6, f"{kind}: loss {found}, from {source} {again}")
    run("export", f"{folder}/run", "--to", "hf", "--dtype", "bf16", "--output", f"{folder}/bf16")
    half = AutoModelForCausalLM.from_pretrained(f"{folder}/bf16").eval()
    check(half.dtype == torch.bfloat16, f"{kind}: exported as bf16, read as {half.dtype}")
    check(abs(loss(half.float(), ids) - found) < 0.02, f"{kind}: loss of the bf16 export")

    worst = 0.0
    prompts = ["the old house", "nobody knows why.\nthe 日本"]
    words = [word for prompt in prompts for word in ("--prompt", prompt)]
    for line in run("generate", config, "--output", "-", *words).splitlines():
        record = json.loads(line)
        prompt = tokenizer(record["context"]).input_ids
        tokens = [max(range(len(row)), key=row.__getitem__) for row in record["logits"]]
        text = tokenizer.decode(tokens[:record["length"]])
        check(text == (record["text"] or ""), f"{kind}: text {record['text']!r}, decoded {text!r}")
        logits = model(torch.tensor([prompt + tokens])).logits[0, len(prompt) - 1:-1]
        worst = max(worst, (logits - torch.tensor(record["logits"])).abs().max().item())
    check(worst < 1e-4, f"{kind}: logits differ by {worst}")
    print(f"{kind}: {architecture}, loss {found:.6f}, {abs(found - wanted):.1e} from transformers',"
          f" logits within {worst:.1e}")


ids = make_data(make_text())
with torch.no_grad():
    for name, (extra, expected) in KINDS.items():
        compare(name, extra, expected, ids)
sys.exit(1 if failures else 0)
