#!/usr/bin/env python3
"""Say how many of the words that the demo model writes are real ones.

    python3 words.py --gpt2 ../../.build/release/gpt2 --text tinyshakespeare.txt -- --temperature 0.7 --top-p 0.9

Writes 10,000 words in 200 texts of different seeds with the flags behind `--`, and looks each one up in the training text and,
if there is one, in a list of English words (Debian: wamerican).
"""
import argparse, collections, json, os, re, subprocess

parser = argparse.ArgumentParser()
parser.add_argument("--gpt2", required=True, help="the program")
parser.add_argument("--model", help="a checkpoint instead of the built-in one")
parser.add_argument("--text", required=True, help="the text that the model was trained on")
parser.add_argument("--dictionary", default="/usr/share/dict/words")
parser.add_argument("--count", type=int, default=10_000)
parser.add_argument("flags", nargs="*")
a = parser.parse_args()


def words(text):
    return re.findall(r"[a-z]+(?:'[a-z]+)?", text.lower())


with open(a.text, encoding="utf-8") as file:
    known = set(words(file.read()))
listed = set()
if os.path.exists(a.dictionary):
    with open(a.dictionary, encoding="utf-8") as file:
        listed = {line.strip().lower() for line in file}
names = ["ROMEO:", "JULIET:", "KING RICHARD III:", "First Citizen:", "PROSPERO:", "GLOUCESTER:", "The", "What", "O", "My lord,"]
found, unknown, seed = [], collections.Counter(), 0
while len(found) < a.count:
    model = ["--model", a.model] if a.model else []
    prompts = [flag for name in names for flag in ("-p", name)]
    out = subprocess.run(
        [a.gpt2, "generate", *model, *prompts, "--max-tokens", "200", "--json", "--seed", str(seed), *a.flags],
        check=True, capture_output=True, text=True).stdout
    for line in out.splitlines():
        # The last word may be cut off by the limit, and the first may belong to the prompt's.
        found += words(json.loads(line)["text"])[1:-1]
    seed += 1
found = found[:a.count]
text = sum(word in known for word in found)
either = sum(word in known or word in listed for word in found)
unknown.update(word for word in found if word not in known and word not in listed)
print(f"{len(found)} words, {len(set(found))} different: {100 * text / len(found):.2f} % are in the text, "
      f"{100 * either / len(found):.2f} % in it or in a list of English words")
print("the most frequent others:", ", ".join(word for word, _ in unknown.most_common(20)))
