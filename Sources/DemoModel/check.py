#!/usr/bin/env python3
"""Print, as JSON, the greedy continuations which transformers (FP32) gives for a few fixed prompts.

    python3 check.py [--model checkpoint] [--tokens 48]

`margin` is the smallest gap between the best and the second-best logit over the continuation: a
runtime with other rounding may only be expected to choose the same tokens when its own error is
well below that. End of text is not a stop here: exactly --tokens tokens are printed.
"""
import argparse, json, os
os.environ.setdefault("HF_HUB_OFFLINE", "1")
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

PROMPTS = ["ROMEO:\n", "First Citizen:\nBefore we proceed", "KING RICHARD III:\nNow is the winter of",
           "The crown", "JULIET:\nO, how", "<|endoftext|>"]

parser = argparse.ArgumentParser()
parser.add_argument("--model", default=os.path.join(os.path.dirname(os.path.abspath(__file__)), "checkpoint"))
parser.add_argument("--tokens", type=int, default=48)
a = parser.parse_args()
tokenizer = AutoTokenizer.from_pretrained(a.model)
model = AutoModelForCausalLM.from_pretrained(a.model, dtype=torch.float32).eval()

results = []
with torch.no_grad():
    for prompt in PROMPTS:
        ids = tokenizer.encode(prompt)
        made, margin = [], float("inf")
        for _ in range(a.tokens):   # without a key/value cache: the plainest reference there is
            best = model(input_ids=torch.tensor([ids + made])).logits[0, -1].topk(2)
            margin = min(margin, (best.values[0] - best.values[1]).item())
            made.append(best.indices[0].item())
        results.append({"prompt": prompt, "prompt_ids": ids, "ids": made,
                        "text": tokenizer.decode(made, clean_up_tokenization_spaces=False),
                        "margin": round(margin, 5)})
print(json.dumps(results, indent=1, ensure_ascii=False))
