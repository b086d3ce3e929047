"""Compares `gpt2` with `transformers` on one checkpoint: hidden states and logits by relative error, greedy text by id.

    pip install torch==2.13.0 transformers==5.23.0 safetensors==0.8.0 numpy==2.4.6
    python Tests/Scripts/compare_with_transformers.py --model DIR --gpt2 .build/release/gpt2

Each row of the table is one run of `gpt2 embed --logits` on random tokens. The error is ‖out − ref‖ / ‖ref‖ over the
whole sequence, against `transformers` in float32 and in float64; the last two columns are the former against the
latter, which is how well float32 can be expected to do. The last row is a batch of unequal lengths, without its
padding. Exit code 1 when an error of `gpt2` is above the tolerance or no number, a shape is wrong or an id differs.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import torch
from safetensors import safe_open
from transformers import GPT2LMHeadModel
from transformers.utils import logging

BATCH = [3, 17, 1]
PROMPTS = [1, 5, 33]


def run(arguments, command, sequences, *options):
    """Runs one `gpt2` command on lists of token ids and returns what it printed."""
    line = [arguments.gpt2, command, "--model", arguments.model]
    for tokens in sequences:
        line += ["--token-ids", ",".join(map(str, tokens))]
    line += options
    if arguments.threads:
        line += ["--threads", arguments.threads]
    finished = subprocess.run([str(word) for word in line], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if finished.returncode != 0:
        complaint = finished.stderr.decode(errors="replace").strip()
        sys.exit(f"gpt2 {command} ended with exit code {finished.returncode}: {complaint}")
    return finished.stdout


def embed(arguments, sequences):
    """`gpt2 embed --logits`: per sequence its hidden states `[T, C]` and logits `[T, V]`, in float64."""
    lengths = [len(tokens) for tokens in sequences]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "out.safetensors")
        run(arguments, "embed", sequences, "--logits", "--output", file)
        with safe_open(file, "pt") as out:
            hidden, logits = out.get_tensor("hidden_states"), out.get_tensor("logits")
            stated = out.get_tensor("lengths").tolist()
    if stated != lengths:
        sys.exit(f"gpt2 embed: `lengths` is {stated}, expected {lengths}")
    for name, tensor in (("hidden_states", hidden), ("logits", logits)):
        if tensor.dim() != 3 or tensor.shape[:2] != (len(lengths), max(lengths)):
            sys.exit(f"gpt2 embed: `{name}` is {list(tensor.shape)}, expected [{len(lengths)}, {max(lengths)}, …]")
    return [(h[:n].double(), l[:n].double()) for h, l, n in zip(hidden, logits, lengths)]


@torch.no_grad()
def reference(model, sequences):
    """The same from `transformers`, one sequence at a time."""
    results = []
    for tokens in sequences:
        hidden = model.transformer(torch.tensor([tokens]), use_cache=False).last_hidden_state
        results.append((hidden[0].double(), model.lm_head(hidden)[0].double()))
    return results


def error(results, references, index):
    """‖out − ref‖ / ‖ref‖ over all sequences, of hidden states (index 0) or logits (1)."""
    difference = norm = 0.0
    for result, exact in zip(results, references):
        if result[index].shape != exact[index].shape:
            sys.exit(f"gpt2 embed: shape {list(result[index].shape)}, expected {list(exact[index].shape)}")
        difference += (result[index] - exact[index]).square().sum().item()
        norm += exact[index].square().sum().item()
    return (difference / norm) ** 0.5


def compare_outputs(arguments, single, double, random_tokens):
    """Prints the table of errors; true when all are within the tolerance."""
    limit = single.config.n_positions
    cases = [[random_tokens(length)] for length in sorted({min(length, limit) for length in arguments.lengths})]
    cases.append([random_tokens(min(length, limit)) for length in BATCH])
    print("                 gpt2 to float32       gpt2 to float64       float32 to float64")
    print("        length   hidden     logits     hidden     logits     hidden     logits")
    good = True
    for sequences in cases:
        out = embed(arguments, sequences)
        in_single, in_double = reference(single, sequences), reference(double, sequences)
        errors = [error(a, b, index) for a, b in
                  ((out, in_single), (out, in_double), (in_single, in_double)) for index in (0, 1)]
        passed = all(value <= arguments.tolerance for value in errors[:4])  # false for NaN too
        good = good and passed
        label = "+".join(str(len(tokens)) for tokens in sequences)
        print(f"{label:>14}   " + "   ".join(f"{value:.2e}" for value in errors) + ("" if passed else "   FAILED"),
              flush=True)
    return good


@torch.no_grad()
def compare_greedy(arguments, single, double, random_tokens):
    """Prints, per prompt, whether the greedy ids agree; true when all do."""
    ends = single.config.eos_token_id
    ends = ends if isinstance(ends, list) else [ends]
    good = True
    for length in PROMPTS:
        length = min(length, single.config.n_positions - 1)
        prompt = random_tokens(length)
        count = min(arguments.max_tokens, single.config.n_positions - length)
        printed = run(arguments, "generate", [prompt], "--temperature", 0, "--max-tokens", count, "--json")
        out = json.loads(printed)["tokens"]
        ids = torch.tensor([prompt])
        expected = single.generate(
            ids, attention_mask=torch.ones_like(ids), do_sample=False, max_new_tokens=count, pad_token_id=0
        )[0, length:].tolist()
        # An end of text is the last of the reference's ids; `gpt2` may say it in `finish_reason` alone.
        if expected[-1] in ends and out == expected[:-1]:
            out = expected
        line = f"greedy, prompt of {length:2}, {len(expected)} new: "
        if out == expected:
            print(line + "the same ids", flush=True)
            continue
        good = False
        shorter = min(len(out), len(expected))
        same = next((i for i in range(shorter) if out[i] != expected[i]), shorter)
        best = torch.topk(double(torch.tensor([prompt + expected[:same]])).logits[0, -1], 2).values
        print(line + f"DIFFERENT from new token {same} on, gpt2 has {out[same : same + 1]}, transformers "
              f"{expected[same : same + 1]}, the float64 margin there is {(best[0] - best[1]).item():.2e}", flush=True)
    return good


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", type=Path, required=True, help="checkpoint folder")
    parser.add_argument("--gpt2", type=Path, required=True, help="the program")
    parser.add_argument("--lengths", type=int, nargs="+", default=[1, 2, 7, 64, 128, 512, 1024],
                        help="sequence lengths, cut to the model's n_positions")
    parser.add_argument("--tolerance", type=float, default=1e-5, help="largest relative error that passes")
    parser.add_argument("--max-tokens", type=int, default=24, help="new tokens per greedy prompt")
    parser.add_argument("--threads", type=int, help="threads of gpt2; this script's reference uses one")
    parser.add_argument("--seed", type=int, default=0, help="of the random tokens")
    arguments = parser.parse_args()

    torch.set_num_threads(1)
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    single = GPT2LMHeadModel.from_pretrained(arguments.model, dtype=torch.float32).eval()
    double = GPT2LMHeadModel.from_pretrained(arguments.model, dtype=torch.float64).eval()
    generator = torch.Generator().manual_seed(arguments.seed)

    def random_tokens(count):
        return torch.randint(single.config.vocab_size, (count,), generator=generator).tolist()

    good = compare_outputs(arguments, single, double, random_tokens)
    good = compare_greedy(arguments, single, double, random_tokens) and good
    print("within the tolerance" if good else "NOT the same")
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
