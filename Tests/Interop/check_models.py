#!/usr/bin/env python3
"""Checks what InteropTests made of the models of make_models.py.

usage: check_models.py FOLDER

In each model's folder, `exported` has to compute the same logits in transformers, and
`neox.safetensors` has to hold the weights as GPT-NeoX lays them out.
"""
import glob
import json
import os
import sys

import torch
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM

failures = 0


def check(good, what):
    global failures
    if not good:
        failures += 1
        print("FAILED:", what)


def heads(tensors, count):
    """Rows of queries, keys and values, head by head, as GPT-NeoX has them."""
    rows = [t.reshape(count, t.shape[0] // count, *t.shape[1:]) for t in tensors]
    return torch.cat(rows, dim=1).reshape(-1, *tensors[0].shape[1:])


def wanted(kind, state, config):
    layers = config.num_hidden_layers
    found = {}
    for i in range(layers):
        here, n = f"sequential.{i + 2}.", config.num_attention_heads
        for leaf in ("weight", "bias"):
            if kind == "gpt_neox":
                there = f"gpt_neox.layers.{i}."
                names = {
                    "attention.query_key_value": "attention.query_key_value",
                    "attention.dense": "attention.dense", "mlp.linear1": "mlp.dense_h_to_4h",
                    "mlp.linear2": "mlp.dense_4h_to_h", "input_layernorm": "input_layernorm",
                    "post_attention_layernorm": "post_attention_layernorm"}
                for mine, theirs in names.items():
                    if there + theirs + "." + leaf in state:
                        found[here + mine + "." + leaf] = state[there + theirs + "." + leaf]
            elif kind == "gpt2":
                there = f"transformer.h.{i}."
                names = {
                    "attention.dense": "attn.c_proj", "mlp.linear1": "mlp.c_fc",
                    "mlp.linear2": "mlp.c_proj", "input_layernorm": "ln_1",
                    "post_attention_layernorm": "ln_2"}
                for mine, theirs in names.items():
                    tensor = state[there + theirs + "." + leaf]
                    found[here + mine + "." + leaf] = tensor.T if tensor.dim() == 2 else tensor
                tensor = state[there + "attn.c_attn." + leaf]
                tensor = tensor.T if tensor.dim() == 2 else tensor
                found[here + "attention.query_key_value." + leaf] = heads(tensor.chunk(3), n)
            else:
                there = f"model.layers.{i}."
                if there + "self_attn.q_proj." + leaf in state:
                    parts = [state[there + f"self_attn.{c}_proj.{leaf}"] for c in "qkv"]
                    found[here + "attention.query_key_value." + leaf] = (
                        heads(parts, n) if config.num_key_value_heads == n else torch.cat(parts))
                    found[here + "attention.dense." + leaf] = state[
                        there + "self_attn.o_proj." + leaf]
                if there + "mlp.up_proj." + leaf in state:
                    found[here + "mlp.linear1." + leaf] = torch.cat(
                        [state[there + "mlp.up_proj." + leaf],
                         state[there + "mlp.gate_proj." + leaf]])
                    found[here + "mlp.linear2." + leaf] = state[there + "mlp.down_proj." + leaf]
                if leaf == "weight":
                    for norm in ("input_layernorm", "post_attention_layernorm"):
                        found[here + norm + ".scale"] = state[there + norm + ".weight"]
    ends = {
        "gpt_neox": ("gpt_neox.embed_in", "gpt_neox.final_layer_norm", "embed_out"),
        "gpt2": ("transformer.wte", "transformer.ln_f", "lm_head"),
    }.get(kind, ("model.embed_tokens", "model.norm", "lm_head"))
    found["sequential.0.word_embeddings.weight"] = state[ends[0] + ".weight"]
    if kind == "gpt2":
        found["sequential.0.position_embeddings.weight"] = state["transformer.wpe.weight"]
    norm = f"sequential.{layers + 3}.norm."
    if kind in ("gpt_neox", "gpt2"):
        for leaf in ("weight", "bias"):
            found[norm + leaf] = state[ends[1] + "." + leaf]
    else:
        found[norm + "scale"] = state[ends[1] + ".weight"]
    if not config.tie_word_embeddings:
        found[f"sequential.{layers + 4}.final_linear.weight"] = state[ends[2] + ".weight"]
    return found


def check_model(folder):
    name = os.path.basename(folder)
    original = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    exported, info = AutoModelForCausalLM.from_pretrained(
        folder + "/exported", dtype=torch.float32, output_loading_info=True)
    for kind in ("missing_keys", "unexpected_keys", "mismatched_keys"):
        check(not info[kind], f"{name}: {kind} {info[kind]}")
    tokens = torch.arange(96).reshape(2, 48) * 7 % 128
    with torch.no_grad():
        logits = original.eval()(tokens).logits
        others = exported.eval()(tokens).logits
    difference = (logits - others).abs().max().item()
    check(difference <= 1e-6, f"{name}: logits differ by {difference}")
    state = {}
    for file in glob.glob(folder + "/model*.safetensors"):
        state.update(load_file(file))
    state = {key: tensor.float() for key, tensor in state.items()}
    mine = load_file(folder + "/neox.safetensors")
    theirs = wanted(original.config.model_type, state, original.config)
    check(sorted(mine) == sorted(theirs), f"{name}: {set(mine) ^ set(theirs)}")
    for key in set(mine) & set(theirs):
        check(torch.equal(mine[key], theirs[key]), f"{name}: {key}")
    print(f"{name}: {len(mine)} weights, largest difference of logits {difference:.1e}")


def check_events(folder):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(folder, size_guidance={"scalars": 0, "tensors": 0})
    events.Reload()
    with open(folder + "/expected.json") as file:
        for tag, points in json.load(file)["scalars"].items():
            found = [[e.step, e.value] for e in events.Scalars(tag)]
            check(found == points, f"events: {tag} {found}")
    texts = events.Tags()["tensors"]
    check(texts == ["train_batch_size/text_summary"], f"events: {texts}")
    value = events.Tensors(texts[0])[0].tensor_proto.string_val[0].decode() if texts else ""
    check(value == "4", f"events: text {value}")
    print(f"events: {len(events.Tags()['scalars'])} scalars, {len(texts)} texts")


root = sys.argv[1]
for entry in sorted(os.scandir(root), key=lambda e: e.name):
    if os.path.exists(entry.path + "/config.json"):
        check_model(entry.path)
    elif os.path.exists(entry.path + "/expected.json"):
        check_events(entry.path)
print("failures:", failures)
sys.exit(failures > 0)
