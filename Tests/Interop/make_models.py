#!/usr/bin/env python3
"""Makes small random models with transformers, for script/interop.

usage: make_models.py FOLDER
"""
import sys

import torch
from transformers import (
    GPT2Config, GPT2LMHeadModel, GPTNeoXConfig, GPTNeoXForCausalLM, LlamaConfig, LlamaForCausalLM,
    MistralConfig, MistralForCausalLM)

COMMON = dict(vocab_size=128, bos_token_id=0, eos_token_id=0)
SIZES = dict(COMMON, hidden_size=32, num_hidden_layers=2, num_attention_heads=4,
             max_position_embeddings=64)


def save(name, model, **options):
    for parameter in model.parameters():
        mean, std = (0.0, 0.1) if parameter.dim() > 1 else (0.5, 0.2)
        torch.nn.init.normal_(parameter, mean, std)
    model.save_pretrained(f"{sys.argv[1]}/{name}", **options)


torch.manual_seed(1)
save("neox", GPTNeoXForCausalLM(GPTNeoXConfig(
    **SIZES, intermediate_size=128, rope_parameters={
        "rope_type": "default", "rope_theta": 10000.0, "partial_rotary_factor": 0.25},
    use_parallel_residual=True)))
save("neox-sequential-tied-sharded", GPTNeoXForCausalLM(GPTNeoXConfig(
    **SIZES, intermediate_size=96, rope_parameters={
        "rope_type": "default", "rope_theta": 500000.0, "partial_rotary_factor": 1.0},
    use_parallel_residual=False, tie_word_embeddings=True, attention_bias=False,
    hidden_act="gelu_fast")), max_shard_size="20KB")
save("gpt2", GPT2LMHeadModel(GPT2Config(
    **COMMON, n_embd=32, n_layer=2, n_head=4, n_positions=64)))
save("llama-grouped", LlamaForCausalLM(LlamaConfig(
    **SIZES, num_key_value_heads=2, intermediate_size=88)))
save("llama-biases", LlamaForCausalLM(LlamaConfig(
    **SIZES, num_key_value_heads=4, intermediate_size=88, attention_bias=True, mlp_bias=True)))
save("mistral-bf16", MistralForCausalLM(MistralConfig(
    **SIZES, num_key_value_heads=1, intermediate_size=88, sliding_window=16)).to(torch.bfloat16))
