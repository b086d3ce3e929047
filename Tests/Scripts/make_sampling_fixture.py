"""Writes Tests/GPT2Tests/Fixtures/sampling.json: the distributions that transformers samples from.

    pip install torch==2.13.0 transformers==5.23.0
    python Tests/Scripts/make_sampling_fixture.py

Each case has the logits of a row, the tokens so far, the options (those left out are off), and the probability of each
token after the logits processors of `transformers`, in the order in which `generate` runs them. Logits are seeded and no
two are equal, since the order among equals is not defined there. A share of top-p or min-p that a probability meets
within 1e-5 stops the script: rounding would decide.
"""

import json
import random
from pathlib import Path

import torch
from transformers import (
    LogitsProcessorList, MinPLogitsWarper, NoRepeatNGramLogitsProcessor, RepetitionPenaltyLogitsProcessor,
    TemperatureLogitsWarper, TopKLogitsWarper, TopPLogitsWarper)

OUTPUT = Path(__file__).resolve().parents[1] / "GPT2Tests" / "Fixtures" / "sampling.json"
VOCABULARY = 24
CASES = [
    {},
    {"temperature": 0.4},
    {"temperature": 1.9},
    {"top-k": 1},
    {"top-k": 5},
    {"top-p": 0.3},
    {"top-p": 0.8},
    {"top-p": 0.99},
    {"min-p": 0.02},
    {"min-p": 0.4},
    {"repetition-penalty": 1.3},
    {"repetition-penalty": 0.6},
    {"no-repeat-ngram": 1},
    {"no-repeat-ngram": 2},
    {"no-repeat-ngram": 3},
    {"temperature": 0.7, "top-k": 10, "top-p": 0.9},
    {"temperature": 2.0, "top-p": 0.7, "min-p": 0.2},
    {"temperature": 1.5, "top-k": 12, "top-p": 0.8, "min-p": 0.1, "repetition-penalty": 1.7, "no-repeat-ngram": 2},
]
PROCESSORS = {
    "repetition-penalty": RepetitionPenaltyLogitsProcessor,
    "no-repeat-ngram": NoRepeatNGramLogitsProcessor,
    "temperature": TemperatureLogitsWarper,
    "top-k": TopKLogitsWarper,
    "top-p": TopPLogitsWarper,
    "min-p": MinPLogitsWarper,
}


def check_margins(options, history, logits):
    """Stops where top-p or min-p would be decided by rounding."""
    kept = [name for name in PROCESSORS if name in options and name not in ("top-p", "min-p")]
    before = LogitsProcessorList(PROCESSORS[name](options[name]) for name in kept)
    probabilities = before(history, logits.clone()).softmax(-1)[0].sort(descending=True).values
    if "top-p" in options:
        assert (probabilities.cumsum(0) - options["top-p"]).abs().min() > 1e-5, options
    if "min-p" in options:
        assert (probabilities / probabilities[0] - options["min-p"]).abs().min() > 1e-5, options


def main():
    source = random.Random(20)
    cases = []
    for options in CASES:
        for _ in range(2):
            row = source.sample([step / 1000 for step in range(-6000, 3000)], VOCABULARY)
            tokens = [source.randrange(6) for _ in range(24)]
            history = torch.tensor([tokens])
            logits = torch.tensor([row], dtype=torch.float64)
            check_margins(options, history, logits)
            processors = LogitsProcessorList(PROCESSORS[name](options[name]) for name in PROCESSORS if name in options)
            probabilities = processors(history, logits.clone()).softmax(-1)[0]
            cases.append({
                "options": options, "logits": row, "history": tokens,
                "probabilities": [float(f"{p:.7g}") for p in probabilities.tolist()],
            })
    lines = ",\n".join(json.dumps(case) for case in cases)
    OUTPUT.write_text(f"[\n{lines}\n]\n")
    print(f"{OUTPUT.name}: {len(cases)} cases, {OUTPUT.stat().st_size} bytes")


if __name__ == "__main__":
    main()
