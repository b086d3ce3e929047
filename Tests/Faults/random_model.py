#!/usr/bin/env python3
"""Writes a model of GPT-2's smallest shape (124M) with random weights, and a tokenizer: for its speed, not its texts.

    Tests/Faults/random_model.py FOLDER
"""

import json
import math
import random
import struct
import sys
from pathlib import Path

LAYERS, HEADS, WIDTH, POSITIONS, TOKENS = 12, 12, 768, 1024, 50257
PIECE = 1 << 22


def tensors():
    yield "wte.weight", (TOKENS, WIDTH)
    yield "wpe.weight", (POSITIONS, WIDTH)
    for layer in range(LAYERS):
        for name, inner, outer in (("attn.c_attn", WIDTH, 3 * WIDTH), ("attn.c_proj", WIDTH, WIDTH),
                                   ("mlp.c_fc", WIDTH, 4 * WIDTH), ("mlp.c_proj", 4 * WIDTH, WIDTH)):
            yield f"h.{layer}.{name}.weight", (inner, outer)
            yield f"h.{layer}.{name}.bias", (outer,)
        for name in "ln_1", "ln_2":
            yield f"h.{layer}.{name}.weight", (WIDTH,)
            yield f"h.{layer}.{name}.bias", (WIDTH,)
    yield "ln_f.weight", (WIDTH,)
    yield "ln_f.bias", (WIDTH,)


def weights(chance, count):
    """fp32 from 1/64 to 1/32 and their negatives: sign and fraction are random, the exponent is set. About GPT-2's own 0.02."""
    keep, fixed = (int.from_bytes(struct.pack("<I", bits) * PIECE, "little") for bits in (0x807FFFFF, 0x3C800000))
    while count > 0:
        some = min(count, PIECE)
        number = chance.getrandbits(32 * PIECE) & keep | fixed
        yield number.to_bytes(4 * PIECE, "little")[: 4 * some]
        count -= some


def write_weights(folder):
    header, end = {}, 0
    for name, shape in tensors():
        begin, end = end, end + 4 * math.prod(shape)
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [begin, end]}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    chance = random.Random(124)
    with open(folder / "model.safetensors", "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for name, shape in tensors():
            if ".ln_" in f".{name}":
                file.write(struct.pack("<f", name.endswith("weight")) * shape[0])
            else:
                for piece in weights(chance, math.prod(shape)):
                    file.write(piece)


def byte_letters():
    """How GPT-2's vocabulary spells the bytes: those that are seen as they are, the others from 256 on."""
    seen = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = iter(range(256, 512))
    return [chr(byte) if byte in seen else chr(next(others)) for byte in range(256)]


def write_tokenizer(folder):
    """All bytes, then pairs and triples of letters and spaces."""
    letters = byte_letters()
    small, space = [chr(byte) for byte in range(97, 123)], letters[32]
    merges = [(first, second) for first in [space, *small] for second in small]
    merges += [(first + second, third) for first, second in list(merges) for third in small]
    pairs = [(one, other) for one in letters for other in letters if (one, other) not in set(merges)]
    merges = (merges + pairs)[: TOKENS - 257]
    words = letters + [first + second for first, second in merges] + ["<|endoftext|>"]
    assert len(words) == len(set(words)) == TOKENS, (len(words), len(set(words)))
    (folder / "vocab.json").write_text(json.dumps({word: token for token, word in enumerate(words)}))
    (folder / "merges.txt").write_text("#version: 0.2\n" + "".join(f"{one} {other}\n" for one, other in merges))
    (folder / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": "GPT2Tokenizer"}))


def make(folder):
    """Once: a folder that has all of it stays."""
    folder = Path(folder)
    if (folder / "config.json").exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    write_weights(folder)
    write_tokenizer(folder)
    (folder / "config.json").write_text(json.dumps({
        "model_type": "gpt2", "architectures": ["GPT2LMHeadModel"], "n_layer": LAYERS, "n_head": HEADS, "n_embd": WIDTH,
        "n_positions": POSITIONS, "n_ctx": POSITIONS, "vocab_size": TOKENS, "layer_norm_epsilon": 1e-5,
        "activation_function": "gelu_new", "bos_token_id": TOKENS - 1, "eos_token_id": TOKENS - 1}))


if __name__ == "__main__":
    make(sys.argv[1])
