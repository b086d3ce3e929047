"""Writes a GPT-2 checkpoint of a published size with seeded random weights: the shape without the text.

    pip install torch==2.13.0 transformers==5.23.0 safetensors==0.8.0 numpy==2.4.6
    python Tests/Scripts/make_random_model.py --output DIR [--size gpt2] [--seed 0] [--dtype f32] [--std 0.02]
        [--max-shard-size 500MB] [--tokenizer DIR]

Matrices and embeddings get the initialisation of `transformers`; biases and the norms' gains, which that leaves at 0
and 1, get noise, so that a forgotten one shows. The same seed gives the same file. Every size has the vocabulary of the
published models, so their tokenizer files (`--tokenizer`) go with all of them.
"""

import argparse
import shutil
from pathlib import Path

import torch
from transformers import GPT2Config, GPT2LMHeadModel
from transformers.utils import logging

SIZES = {
    "tiny": dict(n_layer=2, n_head=4, n_embd=64, n_positions=256),
    "gpt2": dict(n_layer=12, n_head=12, n_embd=768),
    "gpt2-medium": dict(n_layer=24, n_head=16, n_embd=1024),
    "gpt2-large": dict(n_layer=36, n_head=20, n_embd=1280),
    "gpt2-xl": dict(n_layer=48, n_head=25, n_embd=1600),
}
DTYPES = {"f32": torch.float32, "bf16": torch.bfloat16, "f16": torch.float16}
TOKENIZER_FILES = ["vocab.json", "merges.txt", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json"]


def random_model(config, seed):
    """A model whose matrices are as `transformers` initialises them, with noise on biases and gains."""
    torch.manual_seed(seed)
    model = GPT2LMHeadModel(config)
    generator = torch.Generator().manual_seed(seed + 1)
    with torch.no_grad():
        for name, tensor in model.named_parameters():
            if tensor.dim() == 1:
                is_gain = name.endswith("weight")
                noise = torch.randn(tensor.shape, generator=generator)
                tensor.add_(noise, alpha=0.1 if is_gain else config.initializer_range)
    return model


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, required=True, help="folder for the checkpoint; made if missing")
    parser.add_argument("--size", choices=SIZES, default="gpt2")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--dtype", choices=DTYPES, default="f32", help="type the weights are stored in")
    parser.add_argument("--std", type=float, default=0.02, help="standard deviation of matrices and biases")
    parser.add_argument("--max-shard-size", default="100GB", help="split the weights into files of at most this size")
    parser.add_argument("--tokenizer", type=Path, help="folder whose tokenizer files are copied along")
    arguments = parser.parse_args()

    copied = []
    if arguments.tokenizer:
        copied = [name for name in TOKENIZER_FILES if (arguments.tokenizer / name).exists()]
        if not copied:
            parser.error(f"--tokenizer {arguments.tokenizer}: no tokenizer file there")

    torch.set_num_threads(1)
    logging.disable_progress_bar()
    model = random_model(GPT2Config(**SIZES[arguments.size], initializer_range=arguments.std), arguments.seed)
    model.to(DTYPES[arguments.dtype]).save_pretrained(arguments.output, max_shard_size=arguments.max_shard_size)
    for name in copied:
        shutil.copyfile(arguments.tokenizer / name, arguments.output / name)

    size = sum(file.stat().st_size for file in arguments.output.glob("model*.safetensors"))
    print(f"{arguments.output}: {model.num_parameters():,} parameters, {size:,} bytes of weights")


if __name__ == "__main__":
    main()
