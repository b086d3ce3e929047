"""Says what INT8 costs on a model whose activations have outliers, beside coarser schemes: ‖Δlogits‖ / ‖logits‖.

    pip install torch==2.13.0 transformers==5.24.0 safetensors==0.8.0 numpy==2.4.6
    python Tests/Scripts/compare_int8.py --gpt2 .build/release/gpt2

Makes a random model of GPT-2's 124M shape. A few channels of every layer norm are 20 to 60 times as large as the others, as they
are in real models. The reference is `transformers` in float32. The coarser schemes are computed there too: matrices and their
inputs are rounded to 8 bits with one scale a tensor, or with one a row of the input and one a column of the matrix.
Exit code 1 when `gpt2 --weights int8` is not closer than both.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

import torch
from safetensors import safe_open
from transformers import GPT2Config, GPT2LMHeadModel
from transformers.pytorch_utils import Conv1D
from transformers.utils import logging


def make_model(seed, outliers):
    torch.manual_seed(seed)
    model = GPT2LMHeadModel(GPT2Config()).eval()
    channels = torch.randperm(model.config.n_embd)[:outliers]
    gains = torch.linspace(20, 60, outliers)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if ".ln_" in name and name.endswith("weight") and "ln_f" not in name:
                parameter[channels] *= gains
    return model


def rounded(x, dims):
    """x as 8-bit numbers with one scale for all of these dimensions, and back."""
    scale = x.abs().amax(dims, keepdim=True).clamp_min(1e-30) / 127
    return (x / scale).round().clamp(-127, 127) * scale


@torch.no_grad()
def logits(model, tokens, scheme=None):
    """Logits `[T, V]`; `scheme` rounds the inputs of a matrix and the matrix, given `[in, out]`."""
    hooks = []

    def replace(module, inputs, _):
        (x,) = inputs
        is_linear = isinstance(module, torch.nn.Linear)
        x, weight = scheme(x, module.weight.T if is_linear else module.weight)
        out = x @ weight
        return out if module.bias is None else out + module.bias

    if scheme:
        for module in model.modules():
            if isinstance(module, (Conv1D, torch.nn.Linear)):
                hooks.append(module.register_forward_hook(replace))
    result = model(torch.tensor([tokens])).logits[0].double()
    for hook in hooks:
        hook.remove()
    return result


def gpt2_logits(gpt2, folder, tokens, weights):
    with tempfile.TemporaryDirectory() as temporary:
        file = Path(temporary, "out.safetensors")
        subprocess.run(
            [gpt2, "embed", "--model", folder, "--weights", weights, "--logits", "--quiet", "--output", str(file),
             "--token-ids", ",".join(map(str, tokens))], check=True, stdout=subprocess.DEVNULL)
        with safe_open(file, "pt") as out:
            return out.get_tensor("logits")[0].double()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--gpt2", required=True)
    parser.add_argument("--tokens", type=int, default=256)
    parser.add_argument("--outliers", type=int, default=6)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    logging.set_verbosity_error()
    model = make_model(arguments.seed, arguments.outliers)
    generator = torch.Generator().manual_seed(arguments.seed)
    tokens = torch.randint(0, model.config.vocab_size, (arguments.tokens,), generator=generator).tolist()
    reference = logits(model, tokens)
    with tempfile.TemporaryDirectory() as folder:
        model.save_pretrained(folder)
        candidates = {
            f"gpt2 --weights {name}": gpt2_logits(arguments.gpt2, folder, tokens, name)
            for name in ("f32", "bf16", "f16", "int8")
        }
    coarse = {
        "8 bits, a scale a row and a column": lambda x, w: (rounded(x, (-1,)), rounded(w, (0,))),
        "8 bits, a scale a tensor": lambda x, w: (rounded(x, (0, 1, 2)), rounded(w, (0, 1))),
    }
    candidates |= {name: logits(model, tokens, scheme) for name, scheme in coarse.items()}
    errors = {}
    for name, found in candidates.items():
        errors[name] = ((found - reference).norm() / reference.norm()).item()
        same = (found.argmax(-1) == reference.argmax(-1)).double().mean().item()
        print(f"{name:36} ‖Δlogits‖/‖logits‖ {errors[name]:.2e}   same greedy token {same:.1%}")
    sys.exit(0 if errors["gpt2 --weights int8"] < min(errors[name] for name in coarse) else 1)


main()
