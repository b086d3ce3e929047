#!/usr/bin/env python3
"""Holds `gpt2 tokenize` against transformers 5, over folders of many kinds and random texts.

    compare_tokenizers.py [--program .build/release/gpt2] [--texts 100000] [--random 0] [--odd]

Needs transformers 5 and tokenizers. Prints the number of differences for each folder, and ends with 1 if there is one.
--random makes so many folders more, with settings thrown with dice, and 60 texts for each. --odd tries wrong folders
alone: each has to end in one line within ten seconds, or in the ids that transformers makes.
"""

import argparse
import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

import odd_tokenizer_folders as odd  # noqa: E402
import tokenizer_folders as folders  # noqa: E402
from transformers import AutoTokenizer  # noqa: E402


def ours(program, folder, texts, *flags, timeout=None):
    file = folder.parent / "texts.jsonl"
    file.write_text("".join(json.dumps(text) + "\n" for text in texts))
    run = subprocess.run([program, "tokenize", "--json", "--model", folder, "--prompts", file, *flags],
                         capture_output=True, text=True, timeout=timeout)
    if run.returncode:
        return run.stderr.strip() or f"ended with {run.returncode}"
    return [json.loads(line)["tokens"] for line in run.stdout.splitlines()]


def theirs(folder, texts, special=True):
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder)
        if not special:
            tokenizer._tokenizer.encode_special_tokens = True
            return [tokenizer(text, split_special_tokens=True)["input_ids"] for text in texts]
        return [tokenizer.encode(text) for text in texts]
    except BaseException as error:  # a panic of tokenizers is none of Exception
        return f"{type(error).__name__}: {error}".split("\n")[0][:150]


def compare(name, files, texts, program, show=3):
    """The number of differences, or None where one of the two refuses a random folder."""
    differences = 0
    with tempfile.TemporaryDirectory() as directory:
        folder = pathlib.Path(directory) / "model"
        folders.write(files, folder)
        for flags in [(), ("--no-special",)]:
            part = texts if not flags else texts[: len(texts) // 10 + 10]
            right, found = theirs(folder, part, special=not flags), ours(program, folder, part, *flags)
            if isinstance(right, str) or isinstance(found, str):
                if isinstance(right, str) != isinstance(found, str):
                    print(f"{name}: transformers: {right if isinstance(right, str) else 'reads it'}; "
                          f"gpt2: {found if isinstance(found, str) else 'reads it'}")
                return len(part) if isinstance(found, str) and not name.startswith("random") else None
            if len(right) != len(found):
                print(f"{name}: {len(found)} answers instead of {len(right)}")
                return len(right)
            for text, a, b in zip(part, right, found):
                if a != b:
                    differences += 1
                    if differences <= show:
                        print(f"{name} {' '.join(flags)}: {text!r}\n  transformers {a}\n  gpt2         {b}")
    return differences


def try_odd(program):
    """The number of odd folders that end in anything but one line or the right ids."""
    faults = 0
    texts = [folders.END, "hello the worker", " x\n\n<x><s>", "naïve zz", ""]
    for name, files in odd.odd_folders().items():
        with tempfile.TemporaryDirectory() as directory:
            folder = pathlib.Path(directory) / "model"
            folders.write(files, folder)
            try:
                found = ours(program, folder, texts, timeout=10)
            except subprocess.TimeoutExpired:
                found = [[], ["takes longer than ten seconds"]]
            right = theirs(folder, texts)
        if isinstance(found, str):
            is_fine = len(found.split("\n")) == 1 and len(found) < 2000 and "Fatal" not in found and "ended with" not in found
            verdict = found.replace(str(folder), "MODEL")[:230]
        else:
            is_fine = isinstance(right, str) and len(found) == len(texts) or found == right
            verdict = f"{found[1]}; transformers {right[:90] if isinstance(right, str) else right[1]}"
        faults += not is_fine
        print(f"{'' if is_fine else 'FAULT '}{name}: {verdict}")
    return faults


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--program", default=".build/release/gpt2")
    parser.add_argument("--texts", type=int, default=100_000)
    parser.add_argument("--random", type=int, default=0)
    parser.add_argument("--odd", action="store_true")
    parser.add_argument("--only", help="names with commas between them")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    if options.odd:
        sys.exit(1 if try_odd(options.program) else 0)
    total = 0
    for name, files in folders.fixed_folders().items():
        if options.only and name not in options.only.split(","):
            continue
        count = compare(name, files, folders.texts(files, options.texts, seed=options.seed), options.program)
        print(f"{name}: {count} differences in {options.texts} texts")
        total += count or 0
    refused = 0
    for number in range(options.random):
        files = folders.random_folder(random.Random(options.seed * 1_000_003 + number))
        texts = folders.texts(files, 60, seed=number)
        count = compare(f"random {number}", files, texts, options.program, show=1)
        refused += count is None
        total += count or 0
        if count:
            print(f"random {number}: {count} differences; {json.dumps({k: v for k, v in files.items() if k not in ('vocab.json', 'merges.txt', 'tokenizer.json')}, ensure_ascii=False)}")
    if options.random:
        print(f"{options.random} random folders, of which one of the two refuses {refused}")
    print(f"{total} differences in all")
    sys.exit(1 if total else 0)


if __name__ == "__main__":
    main()
