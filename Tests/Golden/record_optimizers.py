#!/usr/bin/env python3
"""Records what the optimizers of GPT-NeoX and PyTorch make of some made-up gradients.

usage: record_optimizers.py GPT_NEOX_CHECKOUT > optimizers.json
Last recorded with GPT-NeoX ea7aefd8 and PyTorch 2.13.
"""
import importlib.util
import json
import sys

import torch

spec = importlib.util.spec_from_file_location("optimizers", sys.argv[1] + "/megatron/optimizers.py")
neox = importlib.util.module_from_spec(spec)
spec.loader.exec_module(neox)

SHAPES = [(6, 5), (7,)]
RATES = [0.01, 0.02, 0.005, 0.001]


def numbers(shape, seed, modulus, divisor):
    """Fractions that fp32 holds exactly."""
    count = int(torch.Size(shape).numel())
    values = [((i * 7919 + seed * 104729) % modulus - modulus // 2) / divisor for i in range(count)]
    return torch.tensor(values, dtype=torch.float32).reshape(shape)


def run(make, decays=True, **options):
    parameters = [torch.nn.Parameter(numbers(s, k, 1001, 512)) for k, s in enumerate(SHAPES)]
    groups = [{"params": [parameters[0]]}, {"params": [parameters[1]]}]
    if decays:
        groups[0]["weight_decay"], groups[1]["weight_decay"] = 0.1, 0.0
    optimizer = make(groups, lr=RATES[0], **options)
    for step, rate in enumerate(RATES):
        for group in optimizer.param_groups:
            group["lr"] = rate
        for k, parameter in enumerate(parameters):
            parameter.grad = numbers(parameter.shape, 10 * step + k, 2001, 8192)
        optimizer.step()
    return [p.detach().flatten().tolist() for p in parameters]


cases = {
    "adam": run(torch.optim.AdamW, betas=(0.9, 0.95), eps=1e-8),
    "cpu_torch_adam": run(torch.optim.Adam, betas=(0.9, 0.95), eps=1e-8),
    "sm3": run(neox.SM3, decays=False),
    "sm3 beta momentum": run(neox.SM3, decays=False, beta=0.5, momentum=0.9),
    "madgrad_wd": run(neox.madgrad_wd),
    "madgrad_wd no momentum": run(neox.madgrad_wd, momentum=0.0),
    "lion": run(neox.Lion, betas=(0.9, 0.99)),
    "sgd": run(torch.optim.SGD),
    "sgd momentum": run(torch.optim.SGD, momentum=0.9, dampening=0.1),
    "sgd nesterov": run(torch.optim.SGD, momentum=0.9, nesterov=True),
}
json.dump(cases, sys.stdout, indent=1)
