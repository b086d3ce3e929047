"""Writes the golden checkpoints of Tests/GPT2Tests/Fixtures: toy GPT-2s, and what PyTorch computes from them.

    pip install torch==2.13.0 transformers==5.23.0 safetensors==0.8.0 numpy==2.4.6
    python Tests/Scripts/make_fixtures.py [--output DIR] [NAME ...]

Each fixture is a Hugging Face folder (`config.json`, `model.safetensors` or shards with an index) and two golden files.
The weights are seeded. The reference is the same folder loaded back by `transformers` and run in float64, so it starts
from the weights as they are stored, whatever their type. Another processor's matrix products may move the last bit of a
golden number. A failed check (a greedy choice too close to call, a tensor that does not load) stops the script.

golden.safetensors, all F32, for sequence number i of T tokens (C width, L blocks, V vocabulary):
    sequence.i.hidden   [L + 1, T, C]   [l] enters block l; [L] leaves the last block, before ln_f
    sequence.i.normed   [T, C]          after ln_f
    sequence.i.logits   [T, V]
golden.json:
    seed                of the weights and tokens
    sequences           [{tokens: [T], log_likelihoods: [T - 1]}], the latter ln p(tokens[t + 1] | tokens[0...t])
    greedy              {prompt, tokens, smallest_margin}: tokens are the new ones, none of them an end of text; the
                        margin is the smallest gap between the best and the second-best logit over the steps
"""

import argparse
import json
import re
import tempfile
from pathlib import Path

import torch
from safetensors.torch import save_file
from transformers import GPT2Config, GPT2LMHeadModel
from transformers.utils import logging

FIXTURES = Path(__file__).resolve().parents[1] / "GPT2Tests" / "Fixtures"
NEW_TOKENS = 12
LEAST_MARGIN = 1e-3
LEAST_DISTINCT = 6
# What the configuration of the published `gpt2` does not say.
LATER_KEYS = {
    "add_cross_attention", "dtype", "n_inner", "pad_token_id", "reorder_and_upcast_attn",
    "scale_attn_by_inverse_layer_idx", "scale_attn_weights", "tie_word_embeddings", "use_cache",
}

# Sizes share no factors where nothing forces them to, so that a transposed or misstrided tensor cannot pass.
# `dtype`, `lengths`, `shards`, `published` and `seed` are this script's; the rest is the model's configuration.
CONFIGURATIONS = {
    # The default choices, every dimension odd; D = 7.
    "tiny-odd": dict(seed=1, n_layer=3, n_head=3, n_embd=21, vocab_size=53, n_positions=19),
    # A head of its own, GELU by the error function.
    "untied": dict(
        seed=2, n_layer=2, n_head=2, n_embd=22, vocab_size=61, n_positions=23,
        activation_function="gelu", tie_word_embeddings=False,
    ),
    # An inner width that is no multiple of the width.
    "relu-inner": dict(
        seed=403, n_layer=3, n_head=5, n_embd=25, vocab_size=47, n_positions=17, activation_function="relu", n_inner=37,
    ),
    # Written as the published `gpt2` is: no prefix, few keys, and the causal masks stored as if they were weights.
    "bf16": dict(
        seed=204, n_layer=3, n_head=3, n_embd=27, vocab_size=59, n_positions=18,
        activation_function="gelu_pytorch_tanh", dtype=torch.bfloat16, published=True,
    ),
    # Half precision in three files.
    "f16-shards": dict(
        seed=5, n_layer=3, n_head=2, n_embd=26, vocab_size=67, n_positions=21, dtype=torch.float16, shards=3,
    ),
    # Scores divided by block number as well; an epsilon that shows.
    "inverse-layer": dict(
        seed=1106, n_layer=4, n_head=2, n_embd=14, vocab_size=43, n_positions=20,
        scale_attn_by_inverse_layer_idx=True, layer_norm_epsilon=1e-3,
    ),
    # Scores not divided by the root of D; two tokens that end a text.
    "unscaled": dict(
        seed=307, n_layer=2, n_head=4, n_embd=20, vocab_size=45, n_positions=18,
        scale_attn_weights=False, eos_token_id=[44, 43],
    ),
    # D = 24, C = 48: heads wider than one vector register, rows that are whole registers.
    "wide-heads": dict(
        seed=208, n_layer=2, n_head=2, n_embd=48, vocab_size=71, n_positions=22, n_inner=56, dtype=torch.bfloat16,
    ),
    # One head as wide as the real model's, D = C = 64, every size whole registers.
    "one-head": dict(seed=9, n_layer=1, n_head=1, n_embd=64, vocab_size=48, n_positions=16, n_inner=32),
    # One head whose width is no multiple of a register's.
    "one-head-ragged": dict(
        seed=110, n_layer=1, n_head=1, n_embd=40, vocab_size=51, n_positions=17, dtype=torch.bfloat16,
    ),
    # More positions than a tile of attention is likely to have, and not a whole number of tiles.
    "long-context": dict(
        seed=611, n_layer=2, n_head=2, n_embd=10, vocab_size=31, n_positions=149, lengths=[1, 65, 149],
    ),
}


def random_model(config, dtype, generator):
    """A GPT-2 whose every tensor matters: lively matrices, biases that are not 0, gains that are not 1."""
    model = GPT2LMHeadModel(config)
    with torch.no_grad():
        for name, tensor in sorted(model.named_parameters()):
            noise = torch.randn(tensor.shape, generator=generator)
            if re.search(r"ln_\w+\.weight$", name):
                tensor.copy_(1 + 0.25 * noise)
            elif name.endswith("wpe.weight"):
                tensor.copy_(0.8 * noise)  # positions above tokens, or greedy text repeats one token
            elif re.search(r"(wte|lm_head)\.weight$", name):
                tensor.copy_(0.4 * noise)
            else:
                tensor.copy_(0.2 * noise)
    return model.to(dtype)


def save_published(model, folder):
    """Writes `model` under the names of the published `gpt2`: no `transformer.`, and each block's mask buffers."""
    tensors = {name.removeprefix("transformer."): tensor for name, tensor in model.named_parameters()}
    n = model.config.n_positions
    mask = torch.ones(n, n).tril().view(1, 1, n, n)
    for layer in range(model.config.n_layer):
        mask_type = (torch.float32, torch.bool, torch.uint8)[layer % 3]
        tensors[f"h.{layer}.attn.bias"] = mask.to(mask_type)
        tensors[f"h.{layer}.attn.masked_bias"] = torch.tensor(-1e4)
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})


def save(model, folder, shards, published):
    """Writes the checkpoint: weights as `transformers` lays them out, a configuration without what no reader needs."""
    with tempfile.TemporaryDirectory() as saved:
        # Shards are filled in order, so a quarter more than an equal share each gives the number asked for.
        share = sum(t.numel() * t.element_size() for t in model.parameters()) // shards
        model.save_pretrained(saved, max_shard_size=int(share * 1.25))
        config = json.loads(Path(saved, "config.json").read_text())
        if not published:
            for file in Path(saved).glob("model*"):
                (folder / file.name).write_bytes(file.read_bytes())
    if published:
        save_published(model, folder)
        config = {key: value for key, value in config.items() if key not in LATER_KEYS}
        config["n_ctx"] = config["n_positions"]
    del config["transformers_version"]
    (folder / "config.json").write_text(json.dumps(config, indent=2, sort_keys=True) + "\n")
    assert len(list(folder.glob("model*.safetensors"))) == shards, "another number of shards than asked for"


def load(folder, dtype):
    """The checkpoint in `folder` as `transformers` reads it, every tensor accounted for."""
    model, report = GPT2LMHeadModel.from_pretrained(
        folder, dtype=dtype, attn_implementation="eager", output_loading_info=True
    )
    unexpected = [name for name in report["unexpected_keys"] if not name.endswith("attn.masked_bias")]
    assert not (report["missing_keys"] or report["mismatched_keys"] or unexpected), report
    return model.eval()


@torch.no_grad()
def outputs(model, tokens):
    """Of one sequence: hidden states at block boundaries `[L + 1, T, C]`, after ln_f `[T, C]`, logits `[T, V]`."""
    boundaries = []
    blocks = model.transformer.h
    hooks = [block.register_forward_pre_hook(lambda _, args: boundaries.append(args[0][0])) for block in blocks]
    hooks.append(blocks[-1].register_forward_hook(lambda _, args, output: boundaries.append(output[0])))
    normed = []
    hooks.append(model.transformer.ln_f.register_forward_hook(lambda _, args, output: normed.append(output[0])))
    logits = model(torch.tensor([tokens])).logits[0]
    for hook in hooks:
        hook.remove()
    assert len(boundaries) == len(blocks) + 1 and len(normed) == 1
    return torch.stack(boundaries), normed[0], logits


def greedy(model, prompt):
    """The most likely continuation, the whole sequence anew at every step, and the closest call on the way."""
    tokens, margin = list(prompt), float("inf")
    for _ in range(NEW_TOKENS):
        best = torch.topk(outputs(model, tokens)[2][-1], 2)
        margin = min(margin, (best.values[0] - best.values[1]).item())
        tokens.append(best.indices[0].item())
    return tokens[len(prompt) :], margin


def json_text(value):
    """Indented JSON with every list of numbers on one line."""
    return re.sub(r"\[[^\[\]{}]*\]", lambda found: " ".join(found[0].split()), json.dumps(value, indent=2)) + "\n"


def make(folder, seed, dtype=torch.float32, lengths=None, shards=1, published=False, **choices):
    """Writes one fixture and prints a line about it."""
    generator = torch.Generator().manual_seed(seed)
    vocabulary, positions = choices["vocab_size"], choices["n_positions"]
    config = GPT2Config(**{"bos_token_id": vocabulary - 1, "eos_token_id": vocabulary - 1, **choices})
    folder.mkdir(parents=True, exist_ok=True)
    for file in folder.iterdir():
        file.unlink()
    save(random_model(config, dtype, generator), folder, shards, published)

    def random_tokens(count):
        return torch.randint(vocabulary, (count,), generator=generator).tolist()

    reference, single = load(folder, torch.float64), load(folder, torch.float32)
    golden, sequences, error = {}, [], 0.0
    for number, length in enumerate(lengths or [1, 2, 7, positions]):
        tokens = random_tokens(length)
        if length > 2:
            tokens[1], tokens[-2] = 0, vocabulary - 1  # both ends of the embedding
        hidden, normed, logits = outputs(reference, tokens)
        golden[f"sequence.{number}.hidden"] = hidden
        golden[f"sequence.{number}.normed"] = normed
        golden[f"sequence.{number}.logits"] = logits
        chosen = torch.log_softmax(logits, -1)[torch.arange(length - 1), tokens[1:]]
        sequences.append({"tokens": tokens, "log_likelihoods": [round(x, 12) for x in chosen.tolist()]})
        for exact, rounded in zip((hidden, normed, logits), outputs(single, tokens)):
            error = max(error, ((rounded - exact).norm() / exact.norm()).item())

    prompt = random_tokens(5)
    new, margin = greedy(reference, prompt)
    ends = config.eos_token_id if isinstance(config.eos_token_id, list) else [config.eos_token_id]
    assert margin > LEAST_MARGIN, f"{folder.name}: greedy margin {margin:.1e}; take another seed"
    assert len(set(new)) >= LEAST_DISTINCT, f"{folder.name}: greedy text {new} is dull; take another seed"
    assert not set(new) & set(ends), f"{folder.name}: greedy text {new} ends early; take another seed"
    assert greedy(single, prompt)[0] == new, f"{folder.name}: float32 chooses otherwise"

    save_file({name: t.float().contiguous() for name, t in golden.items()}, folder / "golden.safetensors")
    (folder / "golden.json").write_text(
        json_text({
            "seed": seed,
            "sequences": sequences,
            "greedy": {"prompt": prompt, "tokens": new, "smallest_margin": round(margin, 6)},
        })
    )
    for file in folder.iterdir():
        file.chmod(0o644)
    size = sum(file.stat().st_size for file in folder.iterdir())
    print(f"{folder.name:16} {size:8,} bytes   float32 error {error:.1e}   greedy margin {margin:.4f}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help="fixtures to make (default: all)")
    parser.add_argument("--output", type=Path, default=FIXTURES, help="folder that gets one folder a fixture")
    arguments = parser.parse_args()
    for name in arguments.names:
        if name not in CONFIGURATIONS:
            parser.error(f"no fixture '{name}'; there are {', '.join(CONFIGURATIONS)}")
    torch.set_num_threads(1)  # so that sums are taken in the same order everywhere
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    for name in arguments.names or CONFIGURATIONS:
        make(arguments.output / name, **CONFIGURATIONS[name])


if __name__ == "__main__":
    main()
